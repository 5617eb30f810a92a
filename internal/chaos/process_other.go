//go:build !unix

package chaos

import (
	"errors"
	"os"
)

// signals: a process can be killed, and nothing else.
const signals = false

var errNoSignals = errors.New("this system has no such signal")

func pause(*os.Process) error       { return errNoSignals }
func resume(*os.Process) error      { return errNoSignals }
func terminate(p *os.Process) error { return p.Kill() }
