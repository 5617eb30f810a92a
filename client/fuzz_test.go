package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// FuzzServer lets a server send anything behind its welcome: the client neither panics nor hangs.
func FuzzServer(f *testing.F) {
	frames := []wire.Frame{
		message("bob", "hi"),
		{Kind: wire.KindPush, Ver: 1, Cmd: 700, Payload: []byte("\x03bobbye")},
		{Kind: wire.KindPush, Ver: 1, Cmd: 701, Payload: []byte("\x09bob")},
		{Kind: wire.KindResponse, Ver: 2, Cmd: 10, ID: 1, Payload: []byte{1}},
		{Kind: wire.KindResponse, Ver: 2, Cmd: 10, ID: 1, Payload: []byte("\x05\x13\x8cgone")},
		{Kind: wire.KindResponse, Ver: 2, Cmd: 10, ID: 1},
		{Kind: wire.KindPing, ID: 1},
		farewell(wire.GoodbyeStopping, `{"reconnect_in_ms":1}`),
		farewell(wire.GoodbyeReplaced, ""),
	}
	for i, fr := range frames {
		f.Add(wire.AppendFrame(wire.AppendFrame(nil, frames[(i+6)%len(frames)]), fr))
	}
	f.Add([]byte("\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		s := serve(t, "pipe", func(p *peer) {
			p.login()
			go p.drain() // the pipe has no buffer: goodbyes and pongs must not keep the client
			_ = p.write(bytes)
		})
		c := s.dial(client.WithoutReconnect(), client.OnMessage(func(client.Message) {}), client.OnPush(func(uint8, uint16, []byte) {}))
		_, err := c.Request(t.Context(), 2, 10, nil)
		receive(t, "the client's end", c.Done())
		if c.Err() == nil || errors.Is(c.Err(), client.ErrClosed) {
			t.Errorf("request: %v, end: %v", err, c.Err())
		}
	})
}

// FuzzURL lets Dial refuse or use any URL: without a network it never succeeds, and it never shows
// the token.
func FuzzURL(f *testing.F) {
	for _, url := range []string{"tcp://localhost:7200", "wss://example.com/chat?x=1", "tls://[::1]:1", "ws://h", "x", "tcp://a:b@c:1", "ws://%zz"} {
		f.Add(url)
	}
	none := errors.New("no network")
	f.Fuzz(func(t *testing.T, url string) {
		c, err := client.Dial(t.Context(), url, client.WithToken("s3cr3t-t0ken"), client.WithDialer(noNetwork(none)))
		if c != nil || err == nil || strings.Contains(err.Error(), "s3cr3t-t0ken") {
			t.Errorf("%v, %v", c, err)
		}
	})
}
