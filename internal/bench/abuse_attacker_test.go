package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

// serveStubWeb is a node's HTTP: it upgrades, welcomes, and discards the rest.
func serveStubWeb(c net.Conn) {
	r := bufio.NewReader(c)
	if _, err := http.ReadRequest(r); err != nil {
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	if _, err := r.ReadByte(); err != nil {
		return
	}
	welcome := wire.AppendBody(nil, wire.Frame{Kind: wire.KindWelcome, Payload: wire.Welcome{}.Append(nil)})
	_, _ = c.Write(append([]byte{finBit | opBinary, byte(len(welcome))}, welcome...))
	_, _ = io.Copy(io.Discard, r)
}

// runAttack runs an attack until it has had an effect.
func runAttack(t *testing.T, name, tcp, web string, effect func() bool) AttackOutcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var outcome AttackOutcome
	var watching sync.WaitGroup
	defer watching.Wait()
	o := AttackOptions{Attack: name, TCP: []string{tcp, tcp}, Web: []string{web, web}, Key: auth.NewKey(), Connections: 100}
	err := RunAttack(ctx, o, func(what, value string) {
		switch what {
		case "ready":
			watching.Go(func() {
				for !effect() {
					if !sleep(ctx, time.Millisecond) {
						t.Errorf("%s has no effect", name)

						return
					}
				}
				cancel()
			})
		case "outcome":
			if err := json.Unmarshal([]byte(value), &outcome); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}

	return outcome
}

// countingConn counts what a stub reads.
type countingConn struct {
	net.Conn

	bytes *atomic.Int64
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))

	return n, err
}

func TestEachAttackReachesItsNode(t *testing.T) {
	var bytes, connections atomic.Int64
	counted := func(f func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			connections.Add(1)
			f(countingConn{c, &bytes})
		}
	}
	tcp := listen(t, counted(func(c net.Conn) { serveStub(c, answer(answerOK)) }))
	web := listen(t, counted(serveStubWeb))
	for _, a := range attacks {
		connectionsBefore, bytesBefore := connections.Load(), int64(-1)
		o := runAttack(t, a.name, tcp, web, func() bool {
			if a.name == "half-open" { // is all there at the beginning
				return connections.Load() > connectionsBefore
			}
			if bytesBefore < 0 { // those of the logins are not the attack's
				bytesBefore, connectionsBefore = bytes.Load(), connections.Load()
			}

			return bytes.Load() > bytesBefore || connections.Load() > connectionsBefore
		})
		if o.Unit == "" || o.Seconds <= 0 || o.Error != "" {
			t.Errorf("%s: %+v", a.name, o)
		}
	}
}

func TestTheFriendOfASlowRecipientCountsItsAnswers(t *testing.T) {
	for _, c := range []struct {
		answer func(wire.Frame) []byte
		failed bool
		text   string
	}{
		{answerOK, false, "delivered"},
		{answerBusy, true, wire.CodeRecipientBusy.String()},
	} {
		var answered atomic.Int64
		node := stubNode(t, answer(func(request wire.Frame) []byte {
			answered.Add(1)

			return c.answer(request)
		}))
		o := runAttack(t, "slow-recipient", node, "", func() bool { return answered.Load() >= 2 })
		if o.Failed != c.failed || !strings.Contains(o.Text, c.text) || answered.Load() == 0 {
			t.Errorf("%+v, not failed %t with %q", o, c.failed, c.text)
		}
	}
}

func TestAnAttackThatCannotStartSaysWhy(t *testing.T) {
	key := auth.NewKey()
	run := func(ctx context.Context, o AttackOptions) error { return RunAttack(ctx, o, func(string, string) {}) }
	wantError(t, run(t.Context(), AttackOptions{Attack: "nuke", Key: key}), "--attack nuke: there are")
	wantError(t, run(t.Context(), AttackOptions{Attack: "pings", TCP: []string{"127.0.0.1:1"}, Key: key}), "of 2 nodes")
	closed := listen(t, func(net.Conn) {}) // closes every connection
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	two := []string{closed, closed}
	if err := run(ctx, AttackOptions{Attack: "pings", TCP: two, Web: two, Key: key}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
