package netio_test

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/internal/netio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
func (in *testBuffer) Release()      { in.released++ }

func use(t *testing.T, conn net.Conn) *netio.Conn {
	t.Helper()
	var c netio.Conn
	if !c.Use(conn) || !c.Usable() {
		t.Fatal("a TCP connection is of no use")
	}

	return &c
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
	_ = here.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := c.Write(big); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write that waits in vain: %v", err)
	}
	_ = here.SetWriteDeadline(time.Time{})
	go func() { _, _ = io.Copy(io.Discard, there) }()
	if n, err := c.Write(big); n == 0 || err != nil {
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

func TestWhatIsNoTCPConnectionIsOfNoUse(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	var c netio.Conn
	if c.Use(a) || c.Usable() {
		t.Error("used")
	}
	netio.Tune(a, time.Second)
}

func TestReadingAndWritingDoNotAllocate(t *testing.T) {
	here, there := pair(t)
	c, d, in := use(t, here), use(t, there), &testBuffer{}
	netio.Tune(here, time.Second)
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
