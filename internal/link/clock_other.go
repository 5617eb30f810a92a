//go:build !linux

package link

import "time"

var started = time.Now()

// bootTime reads the monotonic clock, which stands still while some systems sleep.
func bootTime() time.Duration { return time.Since(started) }
