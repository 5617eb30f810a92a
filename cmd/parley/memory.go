package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/parley-dm/parley/internal/logwriter"
)

// memoryRatio is the part of a container's memory that Go's heap and stacks may take: beyond it the
// collector works harder, before the kernel ends the process. The rest is for what Go does not
// count.
const memoryRatio = 0.9

// limitMemory has Go keep to the memory limit of the container, if there is one. The variable
// GOMEMLIMIT counts more. An error is no reason not to serve.
func limitMemory(errs io.Writer, limit memlimit.Provider) {
	_, err := memlimit.Set(memlimit.WithRatio(memoryRatio), memlimit.WithProvider(limit))
	if err == nil || errors.Is(err, memlimit.ErrNoCgroup) || errors.Is(err, memlimit.ErrCgroupsNotSupported) {
		return
	}
	lines := logwriter.New(errs, nil) // a node does not wait for the reader of its output
	fmt.Fprintln(lines, "parley: the memory limit of the container is not known, and none is set (GOMEMLIMIT sets one):", err)
	_ = lines.Close(lastWordsTime)
}
