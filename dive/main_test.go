package dive_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(coreVariable) != "" {
		coreProcess()
	}
	goleak.VerifyTestMain(m)
}
