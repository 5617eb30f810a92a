package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-dm/parley/wire"
)

func TestCommandsOfTheEngineGoOutAsTheWireHasThem(t *testing.T) {
	for _, how := range transports {
		requests := make(chan wire.Frame, 10)
		f := serve(t, how, func(p *peer) {
			p.login()
			for {
				r, ok := p.next(wire.KindRequest)
				if !ok {
					return
				}
				requests <- r
				p.ok(r)
			}
		})
		c := f.dial()
		ctx := t.Context()
		for _, run := range []struct {
			err     error
			cmd     uint16
			payload string
		}{
			{send(c, ctx, "bob", []byte("hello")), 701, "\x03bobhello"},
			{c.Disconnect(ctx, "bob", []byte("bye")), 700, "\x03bobbye"},
			{c.Disconnect(ctx, "bob", nil), 700, "\x03bob"},
			{open(c, ctx, "Ωmega"), 702, "\x06Ωmega"},
			{send(c, ctx, strings.Repeat("p", 128), bytes.Repeat([]byte{0xff}, 1000)), 701, "\x80" + strings.Repeat("p", 128) + strings.Repeat("\xff", 1000)},
		} {
			got := receive(t, "request", requests)
			if run.err != nil || got.Ver != 1 || got.Cmd != run.cmd || string(got.Payload) != run.payload || got.ID == 0 {
				t.Errorf("%s: error %v, got %+v, want %d %q", how, run.err, got, run.cmd, run.payload)
			}
		}
	}
}

func TestARequestGetsItsResponse(t *testing.T) {
	for _, how := range transports {
		f := serve(t, how, func(p *peer) {
			p.login()
			for {
				r, ok := p.next(wire.KindRequest)
				if !ok {
					return
				}
				p.ok(r, append([]byte{r.Ver, byte(r.Cmd)}, r.Payload...)...)
			}
		})
		c := f.dial()
		resp, err := c.Request(t.Context(), 2, 10, []byte("ping"))
		if err != nil || resp.Status != wire.StatusOK || string(resp.Data) != "\x02\x0aping" {
			t.Errorf("%s: %+v, %v", how, resp, err)
		}
		if resp, err := c.Request(t.Context(), 255, 1, nil); err != nil || string(resp.Data) != "\xff\x01" {
			t.Errorf("%s: %+v, %v", how, resp, err)
		}
	}
}

func TestResponsesInAnotherOrderFindTheirRequests(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		var waiting []wire.Frame
		for range 20 {
			r, ok := p.next(wire.KindRequest)
			if !ok {
				return
			}
			waiting = append(waiting, r)
		}
		p.send(response(wire.Frame{ID: 4_000_000_000}, []byte{1})) // no request has this id
		for _, r := range slices.Backward(waiting) {
			p.ok(r, r.Payload...)
		}
		p.obey()
	})
	c := f.dial()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			want := fmt.Sprint("request ", i)
			if resp, err := c.Request(t.Context(), 2, 10, []byte(want)); err != nil || string(resp.Data) != want {
				t.Errorf("got %q, %v, want %q", resp.Data, err, want)
			}
		})
	}
	wg.Wait()
}

func TestAThousandSendsAtOnceAllArrive(t *testing.T) {
	for _, how := range transports {
		var mu sync.Mutex
		ids, texts := map[uint32]bool{}, map[string]bool{}
		f := serve(t, how, func(p *peer) {
			p.login()
			for {
				r, ok := p.next(wire.KindRequest)
				if !ok {
					return
				}
				mu.Lock()
				ids[r.ID], texts[string(r.Payload)] = true, true
				mu.Unlock()
				p.ok(r)
			}
		})
		c := f.dial()
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if err := send(c, t.Context(), "bob", fmt.Append(nil, i)); err != nil {
					t.Errorf("%s: %v", how, err)
				}
			})
		}
		wg.Wait()
		mu.Lock()
		if len(ids) != 1000 || len(texts) != 1000 || ids[0] {
			t.Errorf("%s: %d ids, %d messages", how, len(ids), len(texts))
		}
		mu.Unlock()
	}
}

func TestGivingUpOnOneRequestLeavesTheConnection(t *testing.T) {
	for _, how := range transports {
		arrived, late := make(chan struct{}), make(chan struct{})
		f := serve(t, how, func(p *peer) {
			p.login()
			first, ok := p.next(wire.KindRequest)
			if !ok {
				return
			}
			close(arrived)
			<-late
			p.ok(first)
			p.obey()
		})
		c := f.dial()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		if err := send(c, ctx, "bob", []byte("hi")); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", how, err)
		}
		close(late)
		if err := send(c, t.Context(), "bob", []byte("again")); err != nil || f.logins() != 1 {
			t.Errorf("%s: error is %v after %d logins", how, err, f.logins())
		}
	}
}

func TestAPostWantsNoResponse(t *testing.T) {
	got := make(chan wire.Frame, 1)
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		r, _ := p.next(wire.KindRequest)
		got <- r
		p.drain()
	})
	c := f.dial()
	if err := c.Post(2, 10, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, "request", got); r.ID != 0 || r.Ver != 2 || r.Cmd != 10 || string(r.Payload) != "x" {
		t.Errorf("got %+v", r)
	}
}

func TestAMessageMayBeReusedAfterSend(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		for i := 0; ; i++ {
			r, ok := p.next(wire.KindRequest)
			if !ok {
				return
			}
			if want := bytes.Repeat([]byte{byte(i)}, 50); !bytes.Equal(r.Payload, want) {
				t.Errorf("got %x, want %x", r.Payload, want)
			}
		}
	})
	c := f.dial()
	msg := make([]byte, 50)
	for i := range 200 {
		for j := range msg {
			msg[j] = byte(i)
		}
		if err := c.Post(2, 10, msg); err != nil {
			t.Fatal(err)
		}
	}
}
