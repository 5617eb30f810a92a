package command

import "sync"

// Task is one piece of work of a lane.
type Task interface{ Run() }

// Lane runs tasks one after another, in the order in which they were given, on a goroutine that exists only while there is
// something to do. It is what keeps the callbacks of one user in order and away from those of
// all others: a task that blocks delays only its own lane. The zero value is ready; the bound is set by the caller of Do.
type Lane struct {
	mu      sync.Mutex
	queue   []Task // guarded by mu
	spare   []Task // guarded by mu; the other of two buffers that take turns
	waiting int    // guarded by mu; tasks given and not begun
	running bool   // guarded by mu
	run     func() // guarded by mu; work, bound once: a go statement with it allocates nothing
}

// Do gives the lane a task. It returns false, and does nothing, if limit tasks are already waiting (a limit of 0 is none).
func (l *Lane) Do(t Task, limit int) bool {
	l.mu.Lock()
	if limit > 0 && l.waiting >= limit {
		l.mu.Unlock()

		return false
	}
	l.queue = append(l.queue, t)
	l.waiting++
	idle := !l.running
	l.running = true
	if l.run == nil {
		l.run = l.work
	}
	run := l.run
	l.mu.Unlock()
	if idle {
		go run()
	}

	return true
}

// Waiting is the number of tasks that have not begun.
func (l *Lane) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.waiting
}

// Idle tells whether no task runs or waits.
func (l *Lane) Idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	return !l.running
}

// maxSpare bounds the buffer of tasks that an idle lane keeps, in tasks.
const maxSpare = 16

func (l *Lane) work() {
	l.mu.Lock()
	for len(l.queue) > 0 {
		batch := l.queue
		l.queue, l.spare = l.spare[:0], nil
		for i, t := range batch {
			batch[i] = nil
			l.waiting--
			l.mu.Unlock()
			t.Run()
			l.mu.Lock()
		}
		l.spare = batch[:0]
	}
	l.running = false
	if cap(l.spare) > maxSpare {
		l.spare = nil // an idle lane holds little memory
	}
	l.queue, l.spare = l.spare, nil
	l.mu.Unlock()
}
