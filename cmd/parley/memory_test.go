package main

import (
	"bytes"
	"errors"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestANodeKeepsToTheMemoryOfItsContainer(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	const container = 10 << 30
	for name, c := range map[string]struct {
		limit memlimit.Provider
		want  int64
		says  string
	}{
		"a limit":    {limit: memlimit.Limit(container), want: container * 9 / 10},
		"no limit":   {limit: func() (uint64, error) { return 0, memlimit.ErrNoLimit }, want: math.MaxInt64},
		"unreadable": {limit: func() (uint64, error) { return 0, errors.New("no such file") }, want: 1 << 40, says: "no such file"},
	} {
		debug.SetMemoryLimit(1 << 40)
		var errs bytes.Buffer
		limitMemory(&errs, c.limit)
		if got := debug.SetMemoryLimit(-1); got != c.want || !strings.Contains(errs.String(), c.says) || c.says == "" && errs.Len() > 0 {
			t.Errorf("%s: the limit is %d, want %d: %s", name, got, c.want, &errs)
		}
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	debug.SetMemoryLimit(1 << 30)
	limitMemory(&bytes.Buffer{}, memlimit.Limit(container))
	if got := debug.SetMemoryLimit(-1); got != 1<<30 {
		t.Errorf("GOMEMLIMIT counts less: %d", got)
	}
}
