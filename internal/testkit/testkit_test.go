package testkit_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestAWrittenCertificateCanBeLoaded(t *testing.T) {
	cert, key := filepath.Join(t.TempDir(), "c.pem"), filepath.Join(t.TempDir(), "k.pem")
	serial := testkit.WriteCertificate(t, cert, key)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil || pair.Leaf.SerialNumber.Cmp(serial) != 0 {
		t.Error(pair.Leaf, err)
	}
}

func TestACorePortIsFree(t *testing.T) {
	ln, err := net.Listen("tcp", testkit.CorePort(t))
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

func TestAPortIsFree(t *testing.T) {
	ln, err := net.Listen("tcp", testkit.Port(t))
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

func TestAClientOfTLSTrustsTheServer(t *testing.T) {
	server, client := testkit.TLS(t)
	here, there := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- tls.Server(there, server).HandshakeContext(t.Context()) }()
	client.ServerName = "127.0.0.1"
	if err := tls.Client(here, client).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	here.Close()
	there.Close()
}

func TestEventuallyReturnsOnceTheConditionHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		testkit.Eventually(t, "a second", func() bool { return time.Since(began) >= time.Second })
		if took := time.Since(began); took != time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// failing is a test that notes how it fails.
type failing struct {
	testing.TB

	text string
}

func (f *failing) Helper() {}
func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestEventuallyFailsWithTheNameOfTheCondition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{}
		ended := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(ended)
			testkit.Eventually(f, "the moon", func() bool { return false })
		}()
		<-ended
		if want := "after 30s not yet: the moon"; f.text != want || time.Since(began) > testkit.Patience+time.Second {
			t.Errorf("%q after %v, want %q", f.text, time.Since(began), want)
		}
	})
}

func TestOutputIsWhatWasWritten(t *testing.T) {
	var out testkit.Output
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			fmt.Fprintf(&out, "line %d\n", i)
		}
		out.Logger().Info("the last one")
	}()
	out.Wait(t, "the last one")
	<-done
	if text := out.String(); out.Count("line") != 100 || !strings.HasPrefix(text, "line 0\nline 1\n") || !strings.HasSuffix(text, "level=INFO msg=\"the last one\"\n") {
		t.Errorf("%q", text)
	}
}

func TestHomeIsAFolderOfTheTest(t *testing.T) {
	dir := testkit.Home(t)
	if cache, err := os.UserCacheDir(); runtime.GOOS == "linux" && (err != nil || cache != dir) {
		t.Errorf("the cache is %s, %v, want %s", cache, err, dir)
	}
}

func TestHeapGrowsWithWhatIsHeld(t *testing.T) {
	before := testkit.Heap()
	held := make([]byte, 16<<20)
	if grown := testkit.Heap() - before; grown < 15<<20 || grown > 20<<20 {
		t.Errorf("grown by %d bytes", grown)
	}
	runtime.KeepAlive(held)
}
