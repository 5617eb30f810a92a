//go:build unix

package chaos

import (
	"os"
	"syscall"
)

// signals: a process can be paused, and told to stop.
const signals = true

func pause(p *os.Process) error     { return p.Signal(syscall.SIGSTOP) }
func resume(p *os.Process) error    { return p.Signal(syscall.SIGCONT) }
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
