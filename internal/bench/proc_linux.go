package bench

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// canMeasure tells that CPU times and memory of processes can be read here.
const canMeasure = true

var errProc = errors.New("/proc is not as expected")

// cpuTime is the CPU time that a process has taken so far, its own and the kernel's for it, to the
// nanosecond: the clock of another process (clock_getcpuclockid). The times in /proc/PID/stat are
// rounded to 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED of the whole process
	const mostPID = 1 << 22
	if pid <= 0 || pid > mostPID {
		return 0, fmt.Errorf("process %d: %w", pid, os.ErrNotExist)
	}
	var t unix.Timespec
	switch err := unix.ClockGettime(int32(^pid)<<3|scheduler, &t); {
	case errors.Is(err, unix.EINVAL):
		return 0, fmt.Errorf("process %d: %w", pid, os.ErrNotExist)
	case err != nil:
		return 0, fmt.Errorf("process %d: %w", pid, err)
	}

	return time.Duration(t.Nano()), nil
}

// contextSwitches are those of all living threads of a process so far.
func contextSwitches(pid int) (sum switches, err error) {
	tasks := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return sum, err
	}
	for _, thread := range threads {
		status, err := os.ReadFile(filepath.Join(tasks, thread.Name(), "status"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) { // a thread that has ended
			continue
		}
		if err != nil {
			return sum, err
		}
		one, err := parseSwitches(string(status))
		if err != nil {
			return sum, err
		}
		sum.voluntary += one.voluntary
		sum.involuntary += one.involuntary
	}

	return sum, nil
}

// parseSwitches finds the context switches in the status of a thread.
func parseSwitches(status string) (s switches, err error) {
	for text := range strings.Lines(status) {
		name, value, _ := strings.Cut(text, ":")
		to := map[string]*uint64{"voluntary_ctxt_switches": &s.voluntary, "nonvoluntary_ctxt_switches": &s.involuntary}[name]
		if to == nil {
			continue
		}
		if *to, err = strconv.ParseUint(strings.TrimSpace(value), 10, 64); err != nil {
			return s, errProc
		}
	}

	return s, nil
}

// machineTime is how long all processors together have been busy since the system started, and how
// long they have existed.
func machineTime() (busy, all float64, ok bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}

	return parseMachine(string(stat))
}

// parseMachine adds up the first line: user, nice, system, idle, waiting for a disk, interrupts,
// more of them, stolen.
func parseMachine(stat string) (busy, all float64, ok bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	const idle, waiting, last = 4, 5, 8
	if len(fields) <= last || fields[0] != "cpu" {
		return 0, 0, false
	}
	for i, field := range fields[1 : last+1] {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, 0, false
		}
		all += v
		if i+1 != idle && i+1 != waiting {
			busy += v
		}
	}

	return busy, all, true
}

// sourceAddr is where a user's connection to a loopback address comes from. Some 28,000 ports go
// from one address to one port, and all of
// 127.0.0.0/8 is this machine: each further 20,000 users have an address of their own.
func sourceAddr(user uint32) net.Addr {
	const each = 20000
	if user < each {
		return nil
	}
	const first = 1

	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(first+user/each))}
}

// loopbackAddr is the address 127.0.NETWORK.HOST of this machine, to connect from: nodes have
// limits for each address.
func loopbackAddr(network, host int) net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, byte(network), byte(host))}
}

// residentMemory is what a process holds in memory, in bytes.
func residentMemory(pid int) (uint64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}

	return parseStatm(string(statm))
}

// parseStatm finds the number of resident pages, the 2nd field.
func parseStatm(statm string) (uint64, error) {
	fields := strings.Fields(statm)
	if len(fields) < 2 {
		return 0, errProc
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0, errProc
	}

	return pages * uint64(os.Getpagesize()), nil
}

// ownGroup keeps ctrl+c from a child, which is told to stop by us, and lets none outlive us.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// pause sleeps: more exactly than time.Sleep, which waits in whole milliseconds when the process
// has nothing else to do.
func pause(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil)
}

// cpuModel names the processor.
func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for text := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(text, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}

	return ""
}

// totalMemory is the machine's, in bytes; 0: not known.
func totalMemory() uint64 {
	info, _ := os.ReadFile("/proc/meminfo")
	for text := range strings.Lines(string(info)) {
		if fields := strings.Fields(text); len(fields) > 1 && fields[0] == "MemTotal:" {
			kb, _ := strconv.ParseUint(fields[1], 10, 64)

			return kb << 10
		}
	}

	return 0
}

// kernel names the operating system's version.
func kernel() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")

	return "Linux " + strings.TrimSpace(string(release))
}
