//go:build !linux

package bench

import (
	"errors"
	"net"
	"runtime"
	"syscall"
	"time"
)

const canMeasure = false

var errNoProc = errors.New("CPU times and memory of processes are measured on Linux only")

func cpuTime(int) (time.Duration, error) { return 0, errNoProc }

func residentMemory(int) (uint64, error) { return 0, errNoProc }

func contextSwitches(int) (switches, error) { return switches{}, errNoProc }

func machineTime() (busy, all float64, ok bool) { return 0, 0, false }

func sourceAddr(uint32) net.Addr { return nil }

func loopbackAddr(int, int) net.Addr { return nil }

func ownGroup() *syscall.SysProcAttr { return nil }

func pause(d time.Duration) { time.Sleep(d) }

func cpuModel() string { return "" }

func totalMemory() uint64 { return 0 }

func kernel() string { return runtime.GOOS }
