package client_test

import (
	"errors"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestAReceiptTellsTheOutcomeOfAMessage(t *testing.T) {
	answers := map[string][]byte{"old": {}, "bob": {0}, "carol": {1}, "dave": {2}, "erin": {3}, "longer": {1, 9}}
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		for {
			r, ok := p.next(wire.KindRequest)
			if !ok {
				return
			}
			to, _, _ := wire.ParsePeer(r.Payload)
			p.ok(r, answers[string(to)]...)
		}
	})
	c := f.dial()
	for to, want := range map[string]client.Result{
		"old": client.Delivered, "bob": client.Delivered, "carol": client.Declined, "dave": client.Dropped, "longer": client.Declined,
	} {
		if got, err := c.Send(t.Context(), to, []byte("hi")); err != nil || got.Result != want {
			t.Errorf("to %s: %v, %v, want %v", to, got, err, want)
		}
		if got, err := c.Connect(t.Context(), to); err != nil || got.Result != want {
			t.Errorf("connect to %s: %v, %v, want %v", to, got, err, want)
		}
	}
	if got, err := c.Send(t.Context(), "erin", []byte("hi")); !errors.Is(err, client.ErrProtocol) || got != (client.Receipt{}) {
		t.Errorf("an unknown result: %v, %v", got, err)
	}
}

func TestAFailedMessageNamesItsRecipient(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		if r, ok := p.next(wire.KindRequest); ok {
			p.send(response(r, wire.AppendError(nil, wire.CodeUserNotFound, "")))
		}
		p.drain()
	})
	_, err := f.dial().Send(t.Context(), "bob", []byte("hi"))
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.UserID != "bob" || client.CodeOf(err) != wire.CodeUserNotFound || !errors.Is(err, client.ErrUserNotFound) {
		t.Errorf("error is %#v", err)
	}
}
