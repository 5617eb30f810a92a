package bench

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// canPin tells that processes can be tied to a processor here.
const canPin = true

// pin ties all threads of this process, and so all processes that it starts from then on, to the
// last processor that it may use.
func pin() (unpin func() error, err error) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	const most = len(before) * 64
	for cpu := most - 1; cpu >= 0; cpu-- {
		if before.IsSet(cpu) {
			one.Set(cpu)

			break
		}
	}
	unpin = func() error { return setAffinity(&before) }
	if err := setAffinity(&one); err != nil {
		return nil, errors.Join(err, unpin())
	}

	return unpin, nil
}

// setAffinity sets that of all threads of this process. A new thread inherits that of its creator,
// which may not have had its turn: the threads are listed again until all have it.
func setAffinity(want *unix.CPUSet) error {
	for changed := true; changed; {
		changed = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return errProc
			}
			var has unix.CPUSet
			if err = unix.SchedGetaffinity(id, &has); err == nil && has != *want {
				changed = true
				err = unix.SchedSetaffinity(id, want)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) { // a thread that has ended
				return err
			}
		}
	}

	return nil
}
