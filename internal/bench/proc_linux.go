package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// canMeasure tells that CPU times and memory of processes can be read here.
const canMeasure = true

// tick is the unit of the times in /proc/PID/stat. The kernel shows it to programs as 100 a second on every architecture that Go runs on.
const tick = 10 * time.Millisecond

var errProc = errors.New("/proc is not as expected")

// cpuTime is the CPU time that a process has taken so far, its own and the kernel's for it.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}

	return parseStat(stat)
}

// parseStat finds user and system time: the 14th and 15th field, of which the 2nd, a name in parentheses, may hold anything.
func parseStat(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const user, system = 14 - 3, 15 - 3 // the first of these fields is the 3rd
	if len(fields) <= system {
		return 0, errProc
	}
	u, err := strconv.ParseInt(string(fields[user]), 10, 64)
	if err != nil {
		return 0, errProc
	}
	s, err := strconv.ParseInt(string(fields[system]), 10, 64)
	if err != nil {
		return 0, errProc
	}

	return time.Duration(u+s) * tick, nil
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

// pause sleeps: more exactly than time.Sleep, which waits in whole milliseconds when the process has nothing else to do.
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
