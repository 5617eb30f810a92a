package gateway

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestConnectionsWithoutAHelloAreLimited(t *testing.T) {
	n := start(t, Config{MaxPending: 3})
	served := n.dialTCP(t)
	served.login("alice")
	var pending []*client
	for range 3 {
		pending = append(pending, n.dialTCP(t))
	}
	testkit.Eventually(t, "the connections without a hello are 3", func() bool { return n.gw.Stats().Pending == 3 })
	n.dialTCP(t).wantEnd()
	_, resp, err := websocket.Dial(t.Context(), n.ws, nil) //nolint:bodyclose // of a failed one
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%v", err)
	}
	if n.gw.Stats().Refused != 2 {
		t.Errorf("%+v", n.gw.Stats())
	}
	served.wantAlive()
	pending[0].login("bob") // makes room
	n.dialTCP(t).login("carol")
}

// exhausted is a listener whose first Accepts fail as with too many open files.
type exhausted struct {
	net.Listener

	errs []error
}

func (l *exhausted) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]

		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
	}

	return l.Listener.Accept()
}

// pipeListener accepts until it is closed, and nothing comes.
type pipeListener struct{ closed chan struct{} }

func (l pipeListener) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}

	return nil
}
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestAcceptErrorsAreLoggedAndPausedAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		n := newNode(t, Config{})
		n.gw.log = slog.New(slog.NewTextHandler(&log, nil))
		ln := &exhausted{Listener: pipeListener{make(chan struct{})}}
		for range 20 {
			ln.errs = append(ln.errs, syscall.EMFILE)
		}
		var serving sync.WaitGroup
		begin := time.Now()
		serving.Go(func() {
			if err := n.gw.Serve(ln); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute) // virtual
		synctest.Wait()
		if n.gw.Stats().AcceptErrors != 20 || len(ln.errs) != 0 {
			t.Errorf("%d errors after %v", n.gw.Stats().AcceptErrors, time.Since(begin))
		}
		if err := n.gw.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
		if got := strings.Count(log.String(), "too many open files"); got != 20 {
			t.Errorf("%d lines logged", got)
		}
	})
}

func TestServeReturnsAnErrorThatWillNotPass(t *testing.T) {
	n := newNode(t, Config{})
	ln := &exhausted{Listener: loopback(t), errs: []error{syscall.EBADF}}
	if err := n.gw.Serve(ln); !errors.Is(err, syscall.EBADF) {
		t.Fatal(err)
	}
}
