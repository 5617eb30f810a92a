package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestFailedRequestsAreErrorsWithACode(t *testing.T) {
	answers := map[uint16][]byte{}
	sentinels := []error{
		client.ErrMalformed, client.ErrUnknownCommand, client.ErrNotAllowed, client.ErrRateLimit, client.ErrBadToken,
		client.ErrTimeout, client.ErrMessageNil, client.ErrNodesNotFound, client.ErrUserNotFound,
		client.ErrMessageTooLarge, client.ErrRecipientBusy, client.ErrOverloaded, client.ErrInternal,
	}
	codes := []wire.Code{4001, 4002, 4003, 4004, 4005, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008}
	for _, code := range codes {
		answers[uint16(code)] = wire.AppendError(nil, code, "because")
	}
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		for {
			r, ok := p.next(wire.KindRequest)
			if !ok {
				return
			}
			p.send(response(r, answers[r.Cmd]))
		}
	})
	c := f.dial()
	for i, code := range codes {
		resp, err := c.Request(t.Context(), 2, uint16(code), nil)
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Code != code || e.Text != "because" || resp.Status != code.Status() || !strings.HasSuffix(err.Error(), ": because") {
			t.Errorf("%d: %+v, %v", code, resp, err)
		}
		for j, sentinel := range sentinels {
			if errors.Is(err, sentinel) != (i == j) {
				t.Errorf("%v is %v: %v", err, sentinel, i != j)
			}
		}
	}

	// What applications answer in bytes of their own is an error, too, and not lost.
	for cmd, answer := range map[uint16]string{1: "\x04no", 2: "\x05", 3: "\x05\x0f", 4: "\x04\x13\x8c?", 5: "\x09abc", 6: "\x04\x0f\xa1\xff"} {
		answers[cmd] = []byte(answer)
		resp, err := c.Request(t.Context(), 2, cmd, nil)
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Code != 0 || e.Text != answer[1:] || resp.Status != wire.Status(answer[0]) || string(resp.Data) != answer[1:] {
			t.Errorf("%d: %+v, %v", cmd, resp, err)
		}
		for _, sentinel := range sentinels {
			if errors.Is(err, sentinel) {
				t.Errorf("%d: %v is %v", cmd, err, sentinel)
			}
		}
	}
}

func TestAnErrorDoesNotSayTheSameTwice(t *testing.T) {
	for want, err := range map[string]error{
		"user not found":                          client.ErrUserNotFound,
		"user not found: bob":                     &client.Error{Code: wire.CodeUserNotFound, Text: "bob"},
		"User not found: bob":                     &client.Error{Code: wire.CodeUserNotFound, Text: "User not found: bob"},
		"code 4999: ?":                            &client.Error{Code: 4999, Text: "?"},
		"request failed with error: no":           &client.Error{Status: wire.StatusError, Text: "no"},
		"goodbye 2002: replaced by a newer login": &client.GoodbyeError{Code: wire.GoodbyeReplaced},
		"goodbye 2005: removed: rude":             &client.GoodbyeError{Code: wire.GoodbyeRemoved, Text: "rude"},
		"goodbye 1001: server stopping":           &client.GoodbyeError{Code: wire.GoodbyeStopping, Text: `{"reconnect_in_ms":5}`},
	} {
		if err.Error() != want {
			t.Errorf("error reads %q, want %q", err, want)
		}
	}
}

func TestWhatTheServerWouldRefuseDoesNotLeaveTheClient(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		if r, ok := p.next(wire.KindRequest); ok {
			t.Errorf("got %+v", r)
		}
	})
	c := f.dial()
	ctx := t.Context()
	for name, run := range map[string]struct{ err, want error }{
		"nil message":            {send(c, ctx, "bob", nil), client.ErrMessageNil},
		"empty message":          {send(c, ctx, "bob", []byte{}), client.ErrMessageNil},
		"message over the limit": {send(c, ctx, "bob", make([]byte, 1001)), client.ErrMessageTooLarge},
		"no peer":                {send(c, ctx, "", []byte("hi")), client.ErrMalformed},
		"peer of 129 bytes":      {open(c, ctx, strings.Repeat("x", 129)), client.ErrMalformed},
		"post over the limit":    {c.Post(2, 10, make([]byte, 1000+1024-8+1)), client.ErrMessageTooLarge},
	} {
		if !errors.Is(run.err, run.want) {
			t.Errorf("%s: error is %v, want %v", name, run.err, run.want)
		}
	}
	if _, err := c.Request(ctx, 2, 10, make([]byte, 1000+1024-8+1)); !errors.Is(err, client.ErrMessageTooLarge) {
		t.Errorf("error is %v", err)
	}
}

func TestALimitOfTheClientsOwnHolds(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		p.obey()
	})
	c := f.dial(client.WithMaxMessage(10))
	if err := send(c, t.Context(), "bob", make([]byte, 11)); !errors.Is(err, client.ErrMessageTooLarge) {
		t.Errorf("error is %v", err)
	}
	if err := send(c, t.Context(), "bob", make([]byte, 10)); err != nil {
		t.Error(err)
	}
}
