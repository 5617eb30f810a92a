//go:build unix

package main

import (
	"syscall"
	"testing"
	"time"
)

func TestTheFirstSignalStopsAndTheSecondExits(t *testing.T) {
	exited := make(chan int, 1)
	ctx, stop := untilSignal(t.Context(), func(status int) { exited <- status })
	defer stop()
	signal := func() {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	signal()
	select {
	case <-ctx.Done():
	case <-time.After(patience):
		t.Fatal("the first signal does nothing")
	}
	signal()
	select {
	case status := <-exited:
		if status != 1 {
			t.Errorf("status %d", status)
		}
	case <-time.After(patience):
		t.Fatal("the second signal does nothing")
	}
}
