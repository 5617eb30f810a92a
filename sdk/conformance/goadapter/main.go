package main

import (
	"fmt"
	"os"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

func main() {
	if err := adapter.Serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "goadapter:", err)
		os.Exit(1)
	}
}
