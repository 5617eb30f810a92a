package client_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

var defaultWelcome = wire.Welcome{
	User: "alice", Session: "00112233445566778899aabbccddeeff", Node: "n1", HeartbeatMS: 15000, MaxMessage: 1000,
}

// login reads the hello and answers with the welcome.
func (p *peer) login(change ...func(*wire.Welcome)) {
	p.t.Helper()
	p.hello()
	w := defaultWelcome
	for _, f := range change {
		f(&w)
	}
	p.send(wire.Frame{Kind: wire.KindWelcome, Payload: w.Append(nil)})
}

func heartbeat(d time.Duration) func(*wire.Welcome) {
	return func(w *wire.Welcome) { w.HeartbeatMS = int(d.Milliseconds()) }
}

func (p *peer) hello() wire.Hello {
	p.t.Helper()
	f, err := p.read()
	if err != nil {
		return wire.Hello{} // a client may be closed while it logs in
	}
	if f.Kind != wire.KindHello {
		p.t.Errorf("want a hello, got %+v", f)

		return wire.Hello{}
	}
	h, err := wire.ParseHello(f.Payload)
	if err != nil {
		p.t.Error(err)
	}

	return h
}

// send writes frames. What the client does not take any more is not the script's fault.
func (p *peer) send(frames ...wire.Frame) {
	var raw []byte
	for _, f := range frames {
		raw = wire.AppendFrame(raw, f)
	}
	_ = p.write(raw)
}

// next waits for a frame of one kind, answering pings and letting other kinds pass. It tells no at
// the end, which a goodbye is too.
func (p *peer) next(kind wire.Kind) (wire.Frame, bool) {
	for {
		f, err := p.read()
		if err != nil {
			return wire.Frame{}, false
		}
		if f.Kind == kind {
			f.Payload = bytes.Clone(f.Payload)

			return f, true
		}
		switch f.Kind {
		case wire.KindGoodbye:
			return wire.Frame{}, false
		case wire.KindPing:
			p.send(wire.Frame{Kind: wire.KindPong, ID: f.ID})
		}
	}
}

// obey answers every request with ok until the connection ends.
func (p *peer) obey() {
	for {
		f, ok := p.next(wire.KindRequest)
		if !ok {
			return
		}
		if f.ID != 0 {
			p.ok(f)
		}
	}
}

func (p *peer) ok(request wire.Frame, data ...byte) {
	p.send(response(request, wire.AppendResponse(nil, wire.StatusOK, data)))
}

func response(request wire.Frame, payload []byte) wire.Frame {
	return wire.Frame{Kind: wire.KindResponse, Ver: request.Ver, Cmd: request.Cmd, ID: request.ID, Payload: payload}
}

func message(from, text string) wire.Frame {
	return wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 701, Payload: append(wire.AppendPeer(nil, from), text...)}
}

func farewell(code wire.Goodbye, text string) wire.Frame {
	return wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(code), Payload: []byte(text)}
}

// drain waits for the client's end of the connection.
func (p *peer) drain() {
	for {
		if _, err := p.read(); err != nil {
			return
		}
	}
}

// receive waits for what must come on a channel.
func receive[T any](tb testing.TB, what string, c <-chan T) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		tb.Fatalf("waited in vain for %s", what)
	}
	panic("not reached")
}
