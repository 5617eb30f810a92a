package bench

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
)

// The stubs (stub_mqtt_test.go and so on) are servers of other kinds, as small as two users need
// them. The test fails when a client does what it should not. Where servers ping, a stub does so
// behind the login, and wants the answer before the client's second message.

// stubServer keeps the logged-in users of a stub.
type stubServer struct {
	t         *testing.T
	dropFirst int // the first messages to each user that are dropped

	mu      sync.Mutex
	users   map[string]*func(payload []byte) // guarded by mu
	dropped map[string]int                   // guarded by mu
}

func newStubServer(t *testing.T) *stubServer {
	t.Helper()

	return &stubServer{t: t, users: map[string]*func([]byte){}, dropped: map[string]int{}}
}

// login logs a user in. The newest login counts: the end of an earlier one may be noticed later.
// The returned function logs the user out.
func (o *stubServer) login(name string, deliver func([]byte)) (leave func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	mine := &deliver
	o.users[name] = mine

	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.users[name] == mine {
			delete(o.users, name)
		}
	}
}

// forward delivers a message. A message to a user that is not logged in is dropped.
func (o *stubServer) forward(to string, payload []byte) {
	o.mu.Lock()
	deliver := o.users[to]
	if o.dropped[to] < o.dropFirst {
		o.dropped[to]++
		deliver = nil
	}
	o.mu.Unlock()
	if deliver != nil {
		(*deliver)(payload)
	}
}

// pingCheck looks whether a client has answered the ping of its login.
type pingCheck struct {
	pong     bool
	messages int
}

func (p *pingCheck) message(o *stubServer, user string) {
	p.messages++
	if p.messages == 2 && !p.pong {
		o.t.Errorf("%s does not answer pings", user)
	}
}

// ended tells whether an error is only that a client has gone.
func ended(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, context.Canceled} {
		if errors.Is(err, end) {
			return true
		}
	}
	syntax, is := errors.AsType[*xml.SyntaxError](err)

	return is && syntax.Msg == "unexpected EOF"
}
