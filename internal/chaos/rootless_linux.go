package chaos

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// rootlessVar is set for a program that Rootless has started.
const rootlessVar = "PARLEY_CHAOS_ROOTLESS"

// Rootless runs the program again as root of a user namespace, if it is not run by root: so a run
// may have a network of its own. Done means that it has, with a status to exit with; false, that
// the system does not allow it, or that it is not needed.
func Rootless() (status int, done bool) {
	if _, inside := os.LookupEnv(rootlessVar); os.Geteuid() == 0 || inside {
		return 0, false
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...) //nolint:gosec,noctx // this program itself; it ends as it would without
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), rootlessVar+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if cmd.Start() != nil {
		return 0, false
	}
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), true
	}
	if err != nil {
		return 1, true
	}

	return 0, true
}
