package netio

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// pair is two ends of a TCP connection.
func pair(t *testing.T) (here, there net.Conn) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("not here")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if here, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if there, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })

	return here, there
}

type testBuffer struct {
	b        [64]byte
	released int
}

func (in *testBuffer) Space() []byte { return in.b[:] }

func (in *testBuffer) Release() bool {
	in.released++

	return false
}

func use(t *testing.T, conn net.Conn) *Conn {
	t.Helper()
	c := new(Conn)
	c.Init(conn)
	if !c.NonBlocking() {
		t.Fatal("a TCP connection is of no use")
	}
	t.Cleanup(c.Close)

	return c
}

func TestAReaderReleasesItsBufferBeforeItWaits(t *testing.T) {
	here, there := pair(t)
	c, in := use(t, here), &testBuffer{}
	go func() { _, _ = there.Write([]byte("hello there")) }()
	n, err := c.Read(in)
	if err != nil || string(in.b[:n]) != "hello there" {
		t.Errorf("%q, %v", in.b[:n], err)
	}
	there.Close()
	if n, err := c.Read(in); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestAnAttemptToWriteDoesNotWaitAndAWriteDoes(t *testing.T) {
	here, there := pair(t)
	c := use(t, here)
	big := make([]byte, 1<<20)
	for range 100 { // until nothing more fits
		n, err := c.TryWrite(big)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if n, err := c.TryWrite(big); n != 0 || err != nil {
		t.Fatalf("a full connection took %d, %v", n, err)
	}
	if _, err := c.Write(big, 10*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write that waits in vain: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, there) }()
	if n, err := c.Write(big, 0); n == 0 || err != nil {
		t.Errorf("a write that waited: %d, %v", n, err)
	}
}

func TestClosingTheConnectionEndsARead(t *testing.T) {
	here, _ := pair(t)
	c := use(t, here)
	go here.Close()
	if _, err := c.Read(&testBuffer{}); err == nil {
		t.Error("no error")
	}
}

func TestWhatIsNoTCPConnectionReadsAndWritesByWaiting(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	var c Conn
	c.Init(a)
	defer c.Close()
	Tune(a, time.Second)
	if c.NonBlocking() || c.Watch(nil, nil) {
		t.Error("it is taken for a TCP connection")
	}
	if n, err := c.TryWrite([]byte("x")); n != 0 || err != nil {
		t.Errorf("an attempt to write: %d, %v", n, err)
	}
	go func() { _, _ = io.Copy(b, b) }()
	msg := []byte("hello")
	if n, err := c.Write(msg, time.Minute); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	var in ReadBuffer
	defer in.Free()
	for in.Len() < len(msg) { // the first bytes come into no buffer
		n, err := c.Read(&filling{&in})
		if err != nil {
			t.Fatal(err)
		}
		in.Commit(n)
	}
	if string(in.Bytes()) != "hello" {
		t.Errorf("%q", in.Bytes())
	}
}

// filling is a ReadBuffer as a Buffer.
type filling struct{ in *ReadBuffer }

func (f *filling) Space() []byte { return f.in.Space(0) }

func (f *filling) Release() bool {
	f.in.Shrink()

	return f.in.Empty()
}

func TestReadingAndWritingDoNotAllocate(t *testing.T) {
	here, there := pair(t)
	c, d, in := use(t, here), use(t, there), &testBuffer{}
	Tune(here, time.Second)
	msg := []byte("ping")
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.TryWrite(msg); err != nil {
			t.Error(err)
		}
		if _, err := d.Read(in); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
