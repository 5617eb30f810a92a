package parley_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// These tests drive real processes: the test binary runs itself again, as a server in the seed's
// style.

const asServer = "PARLEY_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		serve()

		return
	}
	// The end of memberlist does not wait for a probe that is under way, which takes two seconds.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/hashicorp/memberlist.(*Memberlist).probeNode"))
}
