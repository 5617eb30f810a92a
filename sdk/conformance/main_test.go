package main

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

// asAdapter makes this test binary the Go client's adapter.
const asAdapter = "PARLEY_TEST_ADAPTER"

func TestMain(m *testing.M) {
	switch os.Getenv(asAdapter) {
	case "":
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // adapters end often; at worst each takes a second more
		goleak.VerifyTestMain(m)
	case "go":
		if err := adapter.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		fmt.Println(os.Getenv(asAdapter)) // an adapter that says this, and no more
	}
}
