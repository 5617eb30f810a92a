package command

import "sync"

// Task is one piece of work of a SerialExecutor.
type Task interface{ Run() }

// SerialExecutor runs tasks one after another, in the order of the calls to Do, on a goroutine that
// exists only while there are tasks. It keeps the callbacks of one user in order and apart from
// those of other users: a task that blocks delays only its own executor. The zero value is ready.
// Safe for use by several goroutines.
type SerialExecutor struct {
	mu      sync.Mutex
	queue   []Task // guarded by mu
	spare   []Task // guarded by mu; the second of two buffers that alternate
	waiting int    // guarded by mu; tasks that have not begun
	running bool   // guarded by mu
	run     func() // guarded by mu; work, bound once: a go statement with it allocates nothing
}

// Do appends a task. It returns false, and does nothing, if limit tasks are waiting already; a
// limit of 0 is none.
func (e *SerialExecutor) Do(t Task, limit int) bool {
	e.mu.Lock()
	if limit > 0 && e.waiting >= limit {
		e.mu.Unlock()

		return false
	}
	e.queue = append(e.queue, t)
	e.waiting++
	idle := !e.running
	e.running = true
	if e.run == nil {
		e.run = e.work
	}
	run := e.run
	e.mu.Unlock()
	if idle {
		go run()
	}

	return true
}

// Waiting is the number of tasks that have not begun.
func (e *SerialExecutor) Waiting() int {
	e.mu.Lock()
	defer e.mu.Unlock()

	return e.waiting
}

// Idle reports whether no task runs or waits.
func (e *SerialExecutor) Idle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()

	return !e.running
}

// maxSpare bounds the buffer that an idle executor keeps, in tasks.
const maxSpare = 16

func (e *SerialExecutor) work() {
	e.mu.Lock()
	for len(e.queue) > 0 {
		batch := e.queue
		e.queue, e.spare = e.spare[:0], nil
		for i, t := range batch {
			batch[i] = nil
			e.waiting--
			e.mu.Unlock()
			t.Run()
			e.mu.Lock()
		}
		e.spare = batch[:0]
	}
	e.running = false
	if cap(e.spare) > maxSpare {
		e.spare = nil // an idle executor holds little memory
	}
	e.queue, e.spare = e.spare, nil
	e.mu.Unlock()
}
