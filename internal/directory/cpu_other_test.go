//go:build !linux

package directory

import "time"

var started = time.Now()

func threadTime() time.Duration { return time.Since(started) }
