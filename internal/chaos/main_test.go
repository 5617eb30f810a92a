package chaos

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if status, done := Rootless(); done {
		os.Exit(status)
	}
	goleak.VerifyTestMain(m)
}
