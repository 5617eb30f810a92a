package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// renewals runs a server whose token is good for a minute, and answers each fresh token with what
// answer says. It returns the tokens and when they came.
func renewals(t *testing.T, answer func(n int) []byte, option func(calls *atomic.Int32) client.Option, life time.Duration) (tokens []string, at []time.Duration) {
	t.Helper()
	start := time.Now()
	f := serve(t, "pipe", func(p *peer) {
		p.login(heartbeat(10*time.Hour), func(w *wire.Welcome) { w.TokenMS = time.Minute.Milliseconds() })
		for {
			r, err := p.read()
			if err != nil {
				return
			}
			if r.Kind == wire.KindRequest && r.Ver == 1 && r.Cmd == wire.CommandToken {
				tokens, at = append(tokens, string(r.Payload)), append(at, time.Since(start))
				p.send(wire.Frame{Kind: wire.KindResponse, Ver: 1, Cmd: r.Cmd, ID: r.ID, Payload: answer(len(tokens))})
			}
		}
	})
	var calls atomic.Int32
	c := f.dial(option(&calls))
	time.Sleep(life)
	if err := c.Close(); err != nil {
		t.Error(err)
	}

	return tokens, at
}

func counting(calls *atomic.Int32) client.Option {
	return client.WithTokenSource(func(context.Context) (string, error) { return fmt.Sprint("token ", calls.Add(1)), nil })
}

func good(d time.Duration) []byte {
	return wire.AppendResponse(nil, wire.StatusOK, wire.AppendTokenTime(nil, d))
}

func TestAClientSendsAFreshTokenBeforeTheOldOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, at := renewals(t, func(n int) []byte {
			if n == 2 {
				return good(0) // for ever
			}

			return good(2 * time.Minute)
		}, counting, time.Hour)
		if fmt.Sprint(tokens) != "[token 2 token 3]" || at[0] < 42*time.Second || at[0] > 54*time.Second || at[1]-at[0] < 84*time.Second {
			t.Errorf("%v at %v", tokens, at)
		}
	})
}

func TestAClientTriesAgainWhenItsFreshTokenIsNotAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, at := renewals(t, func(n int) []byte {
			switch n {
			case 1:
				return wire.AppendError(nil, wire.CodeBadToken, "token expired")
			case 2:
				return good(time.Second) // no longer than the one before
			}

			return good(time.Hour)
		}, counting, 10*time.Minute)
		if len(tokens) != 3 || at[1]-at[0] != 2*time.Second || at[2]-at[1] != 4*time.Second {
			t.Errorf("%v at %v", tokens, at)
		}
	})
}

func TestAServerWithoutTheTokenCommandIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, _ := renewals(t, func(int) []byte { return wire.AppendError(nil, wire.CodeUnknownCommand, "what?") }, counting, time.Hour)
		if len(tokens) != 1 {
			t.Errorf("%v", tokens)
		}
	})
}

func TestAFixedTokenIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, _ := renewals(t, func(int) []byte { return good(time.Hour) }, func(*atomic.Int32) client.Option { return client.WithToken("fixed") }, time.Hour)
		if len(tokens) != 0 {
			t.Errorf("%v", tokens)
		}
	})
}

func TestCloseEndsATokenSourceThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := errors.New("not ended")
		tokens, _ := renewals(t, func(int) []byte { return good(time.Hour) }, func(calls *atomic.Int32) client.Option {
			return client.WithTokenSource(func(ctx context.Context) (string, error) {
				if calls.Add(1) > 1 {
					<-ctx.Done()
					ended = ctx.Err()

					return "", ended
				}

				return "first", nil
			})
		}, 55*time.Second)
		if len(tokens) != 0 || !errors.Is(ended, context.Canceled) {
			t.Errorf("%v, %v", tokens, ended)
		}
	})
}
