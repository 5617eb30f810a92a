//go:build !linux

package bench

import (
	"context"
	"errors"
)

// canLoop tells that the machine's floor can be measured here.
const canLoop = false

var errNoLoop = errors.New("the machine's floor is measured on Linux only")

// ServeLoopRelay is ServeRelay for the machine's floor.
func ServeLoopRelay(context.Context, string, func(name, value string)) error { return errNoLoop }

// OwnProcessor prepares this process for ServeLoopRelay.
func OwnProcessor() {}
