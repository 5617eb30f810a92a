package logwriter

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	maxLines = 4096
	maxBytes = 1 << 20
)

// ErrUnwritten is what Close returns when lines still wait at the end of its time.
var ErrUnwritten = errors.New("logwriter: lines are not written")

// Notice makes the line, in the format of the log, that says how many lines were dropped.
type Notice func(dropped uint64) []byte

// Writer takes lines and writes them in the background. Safe for use by several goroutines.
type Writer struct {
	w      io.Writer
	notice Notice

	failed uint64 // owned by the goroutine that drains; lines whose write failed

	mu       sync.Mutex
	queue    []entry       // guarded by mu; wait to be written
	bytes    int           // guarded by mu; of the lines in queue
	dropped  uint64        // guarded by mu; lines dropped since the newest in queue
	dropping bool          // guarded by mu; the queue was full and is not half empty yet
	idle     chan struct{} // guarded by mu; closed when all is written; nil: nothing is being written
}

// entry is a line, and how many lines before it were dropped.
type entry struct {
	line    []byte
	dropped uint64
}

// New returns a Writer to w. A nil notice writes a line of plain text.
func New(w io.Writer, notice Notice) *Writer {
	if notice == nil {
		notice = func(dropped uint64) []byte { return fmt.Appendf(nil, "%d log lines were dropped\n", dropped) }
	}

	return &Writer{w: w, notice: notice}
}

// Write queues a line. It never blocks and never fails.
func (l *Writer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.roomLocked(len(line)) {
		l.dropped++

		return len(line), nil
	}
	l.queue = append(l.queue, entry{line: append([]byte(nil), line...), dropped: l.dropped})
	l.bytes += len(line)
	l.dropped = 0
	if l.idle == nil {
		l.idle = make(chan struct{})
		go l.drain()
	}

	return len(line), nil
}

func (l *Writer) roomLocked(n int) bool {
	if l.dropping && len(l.queue) <= maxLines/2 && l.bytes <= maxBytes/2 {
		l.dropping = false
	}
	if len(l.queue) >= maxLines || l.bytes+n > maxBytes {
		l.dropping = true
	}

	return !l.dropping
}

// Close waits until all lines are written, and no longer than patience. Lines may be written after
// it as before.
func (l *Writer) Close(patience time.Duration) error {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle == nil {
		return nil
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-idle:
		return nil
	case <-t.C:
		return ErrUnwritten
	}
}

// Waiting is the number of lines that wait, without the one that is being written.
func (l *Writer) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()

	return len(l.queue)
}

// drain writes until nothing waits.
func (l *Writer) drain() {
	for {
		e, ok := l.next()
		if !ok {
			return
		}
		l.failed += e.dropped
		l.write(e.line)
	}
}

// next takes the oldest entry. At the end of the queue that is one without a line, if lines were
// dropped since. It returns false when nothing is left: then the goroutine ends.
func (l *Writer) next() (entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		e := entry{dropped: l.dropped}
		l.dropped = 0
		if e.dropped > 0 {
			return e, true
		}
		l.queue = nil
		close(l.idle)
		l.idle = nil

		return entry{}, false
	}
	e := l.queue[0]
	l.queue[0] = entry{}
	l.queue = l.queue[1:]
	l.bytes -= len(e.line)

	return e, true
}

// write writes a line, and before it how many were dropped. If that fails the line is dropped too.
func (l *Writer) write(line []byte) {
	if l.failed > 0 {
		if _, err := l.w.Write(l.notice(l.failed)); err == nil {
			l.failed = 0
		}
	}
	if line == nil {
		return
	}
	if l.failed == 0 {
		if _, err := l.w.Write(line); err == nil {
			return
		}
	}
	l.failed++
}
