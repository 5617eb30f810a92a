package chaos

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace and a mount namespace, and the thread that lives in them.
// Processes that the thread starts live there too. Both end with the thread and the last process.
type namespace struct {
	jobs chan func()
	done chan struct{}
	net  *os.File // the network namespace, for setns
}

// newNamespace makes a namespace. With hosts, /etc/hosts in it is that file; the error of that
// alone is hostsErr.
func newNamespace(hosts string) (s *namespace, hostsErr, err error) {
	s = &namespace{jobs: make(chan func()), done: make(chan struct{})}
	made := make(chan error, 1)
	go s.serve(made)
	if err := <-made; err != nil {
		return nil, nil, err
	}
	err = s.run(func() (err error) {
		s.net, err = os.Open("/proc/thread-self/ns/net")
		hostsErr = bindHosts(hosts)

		return err
	})

	return s, hostsErr, err
}

// serve runs jobs on a thread of its own, until the namespace is closed. The thread ends with it.
func (s *namespace) serve(made chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() { // the process's first thread must stay as it is
		go s.serve(made)
		<-s.done
		runtime.UnlockOSThread()

		return
	}
	defer close(s.done)
	err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS)
	made <- err
	if err != nil {
		return
	}
	for job := range s.jobs {
		job()
	}
}

// run calls f in the namespace.
func (s *namespace) run(f func() error) error {
	done := make(chan error, 1)
	s.jobs <- func() { done <- f() }

	return <-done
}

func (s *namespace) close() {
	_ = s.net.Close()
	close(s.jobs)
	<-s.done
}

// visit calls f on a thread that is in the network namespace meanwhile; f may block.
func (s *namespace) visit(f func()) error {
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()

		return err
	}
	defer func() { _ = own.Close() }()
	if err := unix.Setns(int(s.net.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()

		return err
	}
	f()
	if unix.Setns(int(own.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread() // otherwise the thread ends with its goroutine
	}

	return nil
}

func bindHosts(file string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts made private: %w", err)
	}
	if err := unix.Mount(file, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("an own /etc/hosts: %w", err)
	}

	return nil
}

// openTun makes a device in the namespace that the thread is in: packets that are routed to it are
// read from the file, and what is written to the file arrives there.
func openTun(addr netip.Addr) (*os.File, error) {
	const (
		mtu   = 1500
		queue = 10_000 // packets
	)
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	file := func() (*os.File, error) {
		r, err := unix.NewIfreq("eth0")
		if err != nil {
			return nil, err
		}
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
			return nil, fmt.Errorf("TUNSETIFF: %w", err)
		}
		ip, mask := addr.As4(), [4]byte{255, 255, 255, 0}
		for _, step := range []struct {
			device  string
			request uint
			set     func(r *unix.Ifreq) error
		}{
			{"eth0", unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(ip[:]) }},
			{"eth0", unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(mask[:]) }},
			{"eth0", unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil }},
			{"eth0", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }},
			{"lo", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }},
		} {
			if err := configure(step.device, step.request, step.set); err != nil {
				return nil, fmt.Errorf("%s, request %#x: %w", step.device, step.request, err)
			}
		}

		// Only root of the machine may do this. Without it bursts lose packets more easily.
		_ = configure("eth0", unix.SIOCSIFTXQLEN, func(r *unix.Ifreq) error { r.SetUint32(queue); return nil })

		return os.NewFile(uintptr(fd), "tun"), nil
	}
	f, err := file()
	if err != nil {
		_ = unix.Close(fd)
	}

	return f, err
}

func configure(device string, request uint, set func(r *unix.Ifreq) error) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(s) }()
	r, err := unix.NewIfreq(device)
	if err == nil {
		err = set(r)
	}
	if err != nil {
		return err
	}

	return unix.IoctlIfreq(s, request, r)
}
