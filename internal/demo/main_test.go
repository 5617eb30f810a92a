package demo

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// asNode, in the environment, makes the test binary behave as the process of a node.
const asNode = "PARLEY_TEST_AS_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		serveNode()
	}
	goleak.VerifyTestMain(m)
}

// serveNode is the process of a node.
func serveNode() {
	if err := ServeNode(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
