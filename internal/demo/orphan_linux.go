package demo

import "syscall"

// dieWithParent makes a child process end with the demo, however the demo ends, and keeps ctrl+c
// from the child: the demo tells it to stop.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
