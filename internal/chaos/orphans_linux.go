package chaos

import (
	"os/exec"
	"syscall"
)

// killWithParent makes a process end with the runner, however that ends.
func killWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
