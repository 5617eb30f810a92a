package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/bench"
)

// The most that Parley may cost, as a multiple of the floor in the same run. The budgets (DESIGN,
// section 8) are far below: these are what a busy machine does not exceed, so that the test fails
// for a reason. They come down as the figures do.
const (
	mostRoundTrip = 4.0
	mostCPU       = 2.5
)

// TestRatiosToTheFloor is the gate that a change may not make messages much dearer. It never looks
// at absolute times. A first failure is tried again: other processes may have used the machine.
func TestRatiosToTheFloor(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("a measurement: not with -race, not with -short")
	}
	home(t)
	t.Setenv(asBinary, "1")
	m := bench.CompareOptions{Rounds: 3, Pairs: 100, Size: 64, Duration: 400 * time.Millisecond, Warmup: 100 * time.Millisecond}
	for attempt := 1; ; attempt++ {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		c, err := (&bench.Setup{Self: bench.Self{Path: os.Args[0]}}).Measure(ctx, m)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		floor, parley := c.GoFloor(), c.Parley()
		t.Logf("round trip %.0f µs, floor %.0f µs: %.2f × (at most %.2f); CPU a message %.1f µs, floor %.1f µs: %.2f × (at most %.2f)",
			parley.P50, floor.P50, parley.GoRatios.P50, mostRoundTrip, parley.ServerCPU, floor.ServerCPU, parley.GoRatios.CPU, mostCPU)
		if parley.GoRatios.P50 <= mostRoundTrip && parley.GoRatios.CPU <= mostCPU {
			return
		}
		if attempt == 2 {
			t.Fatal("too far from the floor, twice")
		}
	}
}
