package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// countedCalls are the system calls that perf counts by name, as far as the system knows them.
var countedCalls = []string{
	"read", "write", "readv", "writev", "sendto", "recvfrom", "sendmsg", "recvmsg", "epoll_wait", "epoll_pwait", "epoll_ctl", "futex",
	"nanosleep", "clock_nanosleep", "sched_yield", "tgkill", "rt_sigreturn", "madvise", "mmap", "munmap", "io_uring_enter", "accept4", "close",
}

const (
	callPrefix   = "syscalls:sys_enter_"
	allCalls     = "raw_syscalls:sys_enter"
	instructions = "instructions"
	cacheMisses  = "cache-misses"
	perfPatience = 10 * time.Second
)

// perfStat is a running "perf stat" on some processes, which counts while it is enabled.
type perfStat struct {
	cmd     *exec.Cmd
	control *os.File // commands to it
	acks    *os.File // its answers
	out     bytes.Buffer
}

// startPerf starts "perf stat", disabled.
func startPerf(ctx context.Context, pids []int) (*perfStat, error) {
	path, err := exec.LookPath("perf")
	if err != nil {
		return nil, errors.New("perf is not installed")
	}
	events, err := perfEvents(ctx, path)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, pid := range pids {
		list = append(list, strconv.Itoa(pid))
	}
	theirControl, control, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	acks, theirAcks, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirControl.Close(), control.Close())
	}
	p := &perfStat{control: control, acks: acks}
	args := []string{"stat", "-x", ";", "-D", "-1", "--control", "fd:3,4", "-e", strings.Join(events, ","), "-p", strings.Join(list, ",")}
	p.cmd = exec.Command(path, args...) //nolint:gosec,noctx // perf, ended by stop
	p.cmd.ExtraFiles = []*os.File{theirControl, theirAcks}
	p.cmd.Env = append(os.Environ(), "LC_ALL=C")
	p.cmd.Stderr = &p.out
	p.cmd.SysProcAttr = ownGroup()
	err = p.cmd.Start()
	_, _ = theirControl.Close(), theirAcks.Close()
	if err != nil {
		p.close()

		return nil, fmt.Errorf("perf: %w", err)
	}
	if err := p.say("ping"); err != nil { // it is attached to the processes, or has ended
		p.stop()

		return nil, fmt.Errorf("perf stat: %s", lastOf(p.out.String(), err))
	}

	return p, nil
}

// perfEvents lists what can be counted here.
func perfEvents(ctx context.Context, path string) ([]string, error) {
	known, err := exec.CommandContext(ctx, path, "list", "--no-desc", callPrefix+"*").Output()
	if err != nil {
		return nil, fmt.Errorf("perf list: %w", err)
	}
	events := []string{instructions, cacheMisses}
	for lines := bufio.NewScanner(bytes.NewReader(known)); lines.Scan(); {
		event, _, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		for _, call := range countedCalls {
			if event == callPrefix+call {
				events = append(events, event)
			}
		}
	}
	const hardware = 2
	if len(events) == hardware {
		return nil, errors.New("perf knows no system calls here (tracefs, as root)")
	}

	return append(events, allCalls), nil
}

// lastOf is the last line of a program's errors, or err if it wrote none.
func lastOf(text string, err error) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return last
	}

	return err.Error()
}

func (p *perfStat) enable() error { return p.say("enable") }

func (p *perfStat) disable() error { return p.say("disable") }

// say sends a command, and waits until it is carried out.
func (p *perfStat) say(command string) error {
	if _, err := p.control.WriteString(command + "\n"); err != nil {
		return fmt.Errorf("perf %s: %w", command, err)
	}
	if err := p.acks.SetReadDeadline(time.Now().Add(perfPatience)); err != nil {
		return fmt.Errorf("perf %s: %w", command, err)
	}
	var ack [16]byte
	if _, err := p.acks.Read(ack[:]); err != nil {
		return fmt.Errorf("perf %s: %w", command, err)
	}

	return nil
}

// read ends perf, and takes its counts.
func (p *perfStat) read(c *Counts) error {
	p.stop()

	return c.parsePerf(p.out.String())
}

// parsePerf takes what "perf stat -x ;" prints: value; unit; event; ...
func (c *Counts) parsePerf(text string) error {
	c.ByName = map[string]float64{}
	for line := range strings.Lines(text) {
		fields := strings.Split(line, ";")
		const value, event, fewest = 0, 2, 3
		if len(fields) < fewest {
			continue
		}
		n, err := strconv.ParseFloat(fields[value], 64)
		if err != nil { // <not supported>, <not counted>
			continue
		}
		switch name := fields[event]; {
		case name == allCalls:
			c.SystemCalls = n
		case name == instructions:
			c.Instructions = n
		case name == cacheMisses:
			c.CacheMisses = n
		case strings.HasPrefix(name, callPrefix):
			c.ByName[strings.TrimPrefix(name, callPrefix)] = n
		}
	}
	if c.SystemCalls == 0 {
		return fmt.Errorf("perf stat has counted no system call: %s", lastOf(text, errors.New("it printed nothing")))
	}

	return nil
}

// stop ends perf, which then prints its counts. It may be called again.
func (p *perfStat) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	kill := time.AfterFunc(perfPatience, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	kill.Stop()
	p.close()
}

func (p *perfStat) close() { _, _ = p.control.Close(), p.acks.Close() }
