package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestPushesReachTheirCallbacksInOrder(t *testing.T) {
	for _, how := range transports {
		f := serve(t, how, func(p *peer) {
			p.login()
			p.send(
				message("bob", "one"),
				wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 700, Payload: []byte("\x03bobbye")},
				wire.Frame{Kind: wire.KindPush, Ver: 2, Cmd: 11, Payload: []byte("raw")},
				wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 700, Payload: []byte("\x04joan")},
				wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 703},
				message("Ω", ""),
			)
			p.obey()
		})
		told := make(chan string, 10)
		tell := func(format string, args ...any) { told <- fmt.Sprintf(format, args...) }
		f.dial(
			client.OnState(func(s client.State) { tell("state %v", s) }),
			client.OnMessage(func(m client.Message) { tell("message %s %q", m.From, m.Body) }),
			client.OnPeerDisconnect(func(peer string, last []byte) { tell("left %s %q", peer, last) }),
			client.OnPush(func(ver uint8, cmd uint16, payload []byte) { tell("push %d.%d %q", ver, cmd, payload) }),
		)
		for _, want := range []string{
			"state connected", `message bob "one"`, `left bob "bye"`, `push 2.11 "raw"`, `left joan ""`, `push 1.703 ""`, `message Ω ""`,
		} {
			if got := receive(t, want, told); got != want {
				t.Errorf("%s: told %s, want %s", how, got, want)
			}
		}
	}
}

func TestACallbackMaySend(t *testing.T) {
	for _, how := range transports {
		const messages = 300
		f := serve(t, how, func(p *peer) {
			p.login()
			for i := range messages {
				p.send(message("bob", fmt.Sprint(i)))
			}
			p.obey()
		})
		done := make(chan struct{})
		var c *client.Client
		ready := make(chan struct{})
		got := 0
		c = f.dial(client.OnMessage(func(m client.Message) {
			<-ready
			if err := send(c, context.Background(), m.From, []byte("echo")); err != nil {
				t.Errorf("%s: %v", how, err)
			}
			got++
			if got == messages {
				close(done)
			}
		}))
		close(ready)
		receive(t, "the last echo", done)
	}
}

func TestCallbacksCanBeChanged(t *testing.T) {
	more := make(chan struct{})
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		for range more {
			p.send(message("bob", "x"))
		}
		p.obey()
	})
	c := f.dial()
	for i := range 3 {
		told := make(chan int, 1)
		c.OnMessage(func(client.Message) { told <- i })
		more <- struct{}{}
		if got := receive(t, "message", told); got != i {
			t.Errorf("callback %d was called, want %d", got, i)
		}
	}
	c.OnMessage(nil)
	pushed := make(chan struct{}, 1)
	c.OnPeerDisconnect(nil)
	c.OnPush(func(uint8, uint16, []byte) { pushed <- struct{}{} })
	c.OnState(nil)
	more <- struct{}{}
	close(more)
	if err := send(c, t.Context(), "bob", []byte("x")); err != nil {
		t.Error(err)
	}
	if len(pushed) != 0 {
		t.Error("a message that nobody wants was given to OnPush")
	}
}

func TestACallbackMayKeepItsMessage(t *testing.T) {
	const n = 100
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		for i := range n {
			p.send(message("bob", fmt.Sprintf("message %03d", i)))
		}
		p.obey()
	})
	kept := make(chan []byte, n)
	f.dial(client.OnMessage(func(m client.Message) { kept <- m.Body }))
	var all [][]byte
	for range n {
		all = append(all, receive(t, "message", kept))
	}
	for i, msg := range all {
		if want := fmt.Sprintf("message %03d", i); string(msg) != want {
			t.Errorf("message %d is %q now", i, msg)
		}
	}
}

func TestACallbackMayClose(t *testing.T) {
	for _, how := range transports {
		f := serve(t, how, func(p *peer) {
			p.login()
			p.send(message("bob", "one"), message("bob", "two"))
			p.obey()
		})
		calls := make(chan error, 2)
		handed := make(chan *client.Client, 1)
		c := f.dial(client.OnMessage(func(client.Message) {
			c := <-handed
			calls <- errors.Join(c.Close(), c.Close())
		}))
		handed <- c
		if err := receive(t, "Close", calls); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		receive(t, "Done", c.Done())
		if err := c.Err(); !errors.Is(err, client.ErrClosed) || len(calls) != 0 {
			t.Errorf("%s: error is %v, %d calls after Close", how, err, len(calls))
		}
	}
}

func TestSlowCallbacksHoldTheReaderBackWithoutKeepingResponsesFromIt(t *testing.T) {
	const messages = 400
	sent := make(chan struct{})
	f := serve(t, "pipe", func(p *peer) {
		p.login()
		for i := range messages {
			p.send(message("bob", fmt.Sprintf("%0500d", i)))
		}
		close(sent)
		p.obey()
	})
	var c *client.Client
	ready, last := make(chan struct{}), make(chan struct{})
	got := 0
	c = f.dial(client.WithBacklog(20_000), client.OnMessage(func(m client.Message) {
		<-ready
		if want := fmt.Sprintf("%0500d", got); string(m.Body) != want {
			t.Errorf("message %d is out of order", got)
		}
		got++
		if got == messages {
			close(last)
		}
	}))
	// The callback is stuck and no request waits for a response: the server cannot get rid of its
	// messages.
	select {
	case <-sent:
		t.Error("the client read all that was sent")
	default:
	}
	close(ready)
	receive(t, "the last message", last)
	receive(t, "the server's end", sent)
	if err := send(c, t.Context(), "bob", []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestABacklogBeyondAllBoundsEndsTheConnection(t *testing.T) {
	f := serve(t, "pipe", func(p *peer) {
		p.login()
		if p.n > 0 {
			p.obey()

			return
		}
		if _, ok := p.next(wire.KindRequest); !ok { // never answered
			return
		}
		more := wire.AppendFrame(nil, message("bob", "more"))
		for err := error(nil); err == nil; err = p.write(more) {
			continue
		}
	})
	stuck, lost := make(chan struct{}), make(chan error, 1)
	c := f.dial(client.WithBacklog(1000), client.OnMessage(func(client.Message) { <-stuck }))
	defer close(stuck)
	go func() { lost <- send(c, t.Context(), "bob", []byte("x")) }()
	if err := receive(t, "the request's end", lost); !errors.Is(err, client.ErrBacklog) || !errors.Is(err, client.ErrConnectionLost) {
		t.Errorf("error is %v", err)
	}
	if err := send(c, t.Context(), "bob", []byte("x")); err != nil || f.logins() != 2 {
		t.Errorf("error is %v after %d logins", err, f.logins())
	}
}
