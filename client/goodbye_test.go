package client_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestAServerThatStopsSaysWhenToComeBack(t *testing.T) {
	for _, after := range []time.Duration{0, 3 * time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			back := make(chan time.Time, 1)
			f := serve(t, "pipe", func(p *peer) {
				if p.n > 0 {
					back <- time.Now()
				}
				p.login()
				if p.n == 0 {
					p.send(farewell(wire.GoodbyeStopping, string(wire.AppendReconnect(nil, after))))

					return
				}
				p.obey()
			})
			start := time.Now()
			f.dial(client.WithBackoff(time.Second, 2*time.Second))
			if took := (<-back).Sub(start); took != after {
				t.Errorf("came back after %v, want %v", took, after)
			}
		})
	}
}

func TestGoodbyesThatSayComeBackAreObeyed(t *testing.T) {
	for _, code := range []wire.Goodbye{1001, 1002, 1003, 1999} {
		synctest.Test(t, func(t *testing.T) {
			f := serve(t, "pipe", func(p *peer) {
				p.login()
				if p.n == 0 {
					p.send(farewell(code, "see you"))

					return
				}
				p.obey()
			})
			c := f.dial()
			if err := send(c, t.Context(), "bob", []byte("x")); err != nil && !errors.Is(err, client.ErrConnectionLost) {
				t.Errorf("%d: %v", code, err)
			}
			if err := send(c, t.Context(), "bob", []byte("x")); err != nil || f.logins() != 2 || c.Err() != nil {
				t.Errorf("%d: %v after %d logins", code, err, f.logins())
			}
		})
	}
}

func TestGoodbyesThatSayStayAwayEndTheClient(t *testing.T) {
	for _, code := range []wire.Goodbye{2001, 2002, 2003, 2005, 2999, 3000, 0} {
		for _, how := range transports {
			f := serve(t, how, func(p *peer) {
				p.login()
				p.send(message("bob", "last words"))
				_, _ = p.next(wire.KindRequest)
				p.send(farewell(code, "because"))
				p.drain()
			})
			told, states := make(chan string, 1), make(chan client.State, 2)
			c := f.dial(
				client.WithBackoff(time.Millisecond, time.Millisecond),
				client.OnMessage(func(m client.Message) { told <- string(m.Body) }),
				client.OnState(func(s client.State) { states <- s }),
			)
			err := send(c, t.Context(), "bob", []byte("x"))
			bye, ok := errors.AsType[*client.GoodbyeError](err)
			if !ok || bye.Code != code || !errors.Is(err, client.ErrConnectionLost) {
				t.Errorf("%s %d: request under way: %v", how, code, err)
			}
			receive(t, "Done", c.Done())
			if bye, ok := errors.AsType[*client.GoodbyeError](c.Err()); !ok || bye.Code != code || bye.Text != "because" {
				t.Errorf("%s %d: error is %v", how, code, c.Err())
			}
			if err := send(c, t.Context(), "bob", []byte("x")); !errors.Is(err, c.Err()) {
				t.Errorf("%s %d: later request: %v", how, code, err)
			}
			if err := c.Post(2, 10, nil); !errors.Is(err, c.Err()) {
				t.Errorf("%s %d: later post: %v", how, code, err)
			}
			if got := receive(t, "message", told); got != "last words" {
				t.Errorf("told %q", got)
			}
			if a, b := receive(t, "state", states), receive(t, "state", states); a != client.StateConnected || b != client.StateClosed {
				t.Errorf("%s %d: states are %v, %v", how, code, a, b)
			}
			if f.logins() != 1 || c.State() != client.StateClosed {
				t.Errorf("%s %d: %d logins, %v", how, code, f.logins(), c.State())
			}
		}
	}
}

func TestBytesThatNoServerShouldSendBreakTheConnection(t *testing.T) {
	welcome := string(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindWelcome, Payload: defaultWelcome.Append(nil)}))
	frame := func(f wire.Frame) string { return string(wire.AppendFrame(nil, f)) }
	for name, bad := range map[string]string{
		"unknown kind":            "\x00\x00\x00\x08\x09\x00\x00\x00\x00\x00\x00\x00",
		"short frame":             "\x00\x00\x00\x07\x06\x00\x00\x00\x00\x00\x00",
		"long frame":              frame(wire.Frame{Kind: wire.KindPush, Payload: make([]byte, 1000+1024-8+1)}),
		"second welcome":          welcome,
		"hello":                   frame(wire.Frame{Kind: wire.KindHello, Payload: []byte("{}")}),
		"request":                 frame(wire.Frame{Kind: wire.KindRequest, Ver: 2, Cmd: 10, ID: 1}),
		"response without status": frame(wire.Frame{Kind: wire.KindResponse, ID: 1}),
		"message without sender":  frame(wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 701}),
		"notice of nobody":        frame(wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 700, Payload: []byte("\x00bob")}),
	} {
		for _, how := range []string{"tcp", "ws"} {
			byes := make(chan wire.Frame, 1)
			f := serve(t, how, func(p *peer) {
				p.login()
				if p.n > 0 {
					p.obey()

					return
				}
				if how == "ws" && name == "short frame" {
					bad = bad[4:]
				}
				_ = p.write([]byte(bad))
				bye, _ := p.next(wire.KindGoodbye)
				byes <- bye
				p.drain()
			})
			c := f.dial(client.WithBackoff(time.Millisecond, time.Millisecond))
			bye := receive(t, name, byes)
			// The WebSocket library itself closes on a message that is too long: no goodbye then.
			if (how != "ws" || name != "long frame") && wire.Goodbye(bye.Cmd) != wire.GoodbyeProtocol {
				t.Errorf("%s, %s: goodbye is %+v", how, name, bye)
			}
			if strings.Contains(string(bye.Payload), "\n") {
				t.Errorf("%s, %s: goodbye says %q", how, name, bye.Payload)
			}
			err := send(c, t.Context(), "bob", []byte("x"))
			if errors.Is(err, client.ErrConnectionLost) { // sent on the one that was about to end
				if !errors.Is(err, client.ErrProtocol) {
					t.Errorf("%s, %s: %v", how, name, err)
				}
				err = send(c, t.Context(), "bob", []byte("x"))
			}
			if err != nil || f.logins() != 2 {
				t.Errorf("%s, %s: %v after %d logins", how, name, err, f.logins())
			}
		}
	}
}
