package testkit

import (
	"testing"
	"time"
)

// Patience bounds the wait for what should come at once. A machine that does much else is slow.
const Patience = 30 * time.Second

// Eventually waits until a condition holds: it asks each millisecond. After [Patience] it fails the
// test, and names the condition.
func Eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	for end := time.Now().Add(Patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("after %v not yet: %s", Patience, what)
		}
	}
}
