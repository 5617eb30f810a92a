package link

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTime reads a clock that goes on while the machine sleeps. It is a system call.
func bootTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // always there since Linux 2.6.39

	return time.Duration(ts.Nano())
}
