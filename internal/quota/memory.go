package quota

import (
	"math"
	"runtime/debug"
)

// Memory is how much memory the process may use, in bytes: Go's own limit (GOMEMLIMIT) if one is
// set, else what the machine has; 0 if that is not known.
func Memory() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return limit
	}

	return machine()
}
