package logwriter_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/logwriter"
)

// pipe is a reader of a log that reads when it is told to.
type pipe struct {
	reads chan struct{} // one for each write; closed: always

	mu  sync.Mutex
	err error        // guarded by mu; of every write
	out bytes.Buffer // guarded by mu
}

func (p *pipe) Write(line []byte) (int, error) {
	<-p.reads
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, p.err
	}

	return p.out.Write(line)
}

func (p *pipe) breaks(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *pipe) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.out.String()
}

func TestLinesAreWrittenInTheirOrder(t *testing.T) {
	p := &pipe{reads: make(chan struct{})}
	close(p.reads)
	w := logwriter.New(p, nil)
	var want strings.Builder
	line := make([]byte, 0, 16)
	for i := range 1000 {
		line = fmt.Appendf(line[:0], "%d\n", i) // as slog does, the caller uses its buffer again
		want.Write(line)
		if n, err := w.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Close(10 * time.Second); err != nil || p.text() != want.String() {
		t.Errorf("%v; wrote %d bytes of %d", err, len(p.text()), want.Len())
	}
}

func TestDroppedLinesAreCountedWhereTheyWouldHaveStood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{reads: make(chan struct{})}
		w := logwriter.New(p, nil)
		write := func(text string) { _, _ = w.Write([]byte(text + "\n")) }
		write("held by the write")
		synctest.Wait()
		for i := range 4096 {
			write(fmt.Sprint("kept ", i))
		}
		for range 7 {
			write("dropped")
		}
		for range 1000 { // still more than half full
			p.reads <- struct{}{}
		}
		write("dropped")
		for range 1100 {
			p.reads <- struct{}{}
		}
		write("has room again")
		close(p.reads)
		if err := w.Close(time.Second); err != nil {
			t.Fatal(err)
		}
		if got := p.text(); !strings.HasSuffix(got, "kept 4095\n8 log lines were dropped\nhas room again\n") || strings.Count(got, "\n") != 4099 {
			t.Errorf("the log ends with %q", got[len(got)-100:])
		}
	})
}

func TestBytesAreBoundedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{reads: make(chan struct{})}
		w := logwriter.New(p, nil)
		_, _ = w.Write([]byte("held by the write\n"))
		synctest.Wait()
		long := append(bytes.Repeat([]byte("x"), 300<<10), '\n')
		for range 5 {
			_, _ = w.Write(long)
		}
		if w.Waiting() != 3 {
			t.Errorf("%d lines of 300 KiB wait", w.Waiting())
		}
		close(p.reads)
		if err := w.Close(time.Second); err != nil || !strings.HasSuffix(p.text(), "x\n2 log lines were dropped\n") {
			t.Errorf("%v, %d bytes", err, len(p.text()))
		}
	})
}

func TestLinesThatCannotBeWrittenCountAsDropped(t *testing.T) {
	p := &pipe{reads: make(chan struct{}), err: errors.New("broken pipe")}
	close(p.reads)
	w := logwriter.New(p, nil)
	write := func(text string) {
		_, _ = w.Write([]byte(text + "\n"))
		if err := w.Close(10 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	write("lost")
	write("lost")
	write("lost")
	p.breaks(nil)
	write("read")
	write("and read")
	if got := p.text(); got != "3 log lines were dropped\nread\nand read\n" {
		t.Errorf("the log is %q", got)
	}
}

func TestCloseWaitsForABoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{reads: make(chan struct{})}
		w := logwriter.New(p, nil)
		if err := w.Close(time.Second); err != nil {
			t.Errorf("with nothing written: %v", err)
		}
		_, _ = w.Write([]byte("x\n"))
		began := time.Now()
		if err := w.Close(time.Second); !errors.Is(err, logwriter.ErrUnwritten) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		close(p.reads)
		if err := w.Close(time.Second); err != nil || p.text() != "x\n" {
			t.Errorf("%v, wrote %q", err, p.text())
		}
	})
}

func TestManyWritersLoseNoLineUncounted(t *testing.T) {
	p := &pipe{reads: make(chan struct{})}
	close(p.reads)
	var told uint64
	w := logwriter.New(p, func(dropped uint64) []byte {
		told += dropped

		return []byte("dropped")
	})
	const writers, each = 8, 5000
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				_, _ = w.Write([]byte("a line\n"))
			}
		})
	}
	all.Wait()
	if err := w.Close(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if written := strings.Count(p.text(), "\n"); uint64(written)+told != writers*each {
		t.Errorf("%d written and %d dropped of %d", written, told, writers*each)
	}
}
