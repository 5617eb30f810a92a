package gateway

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// raw makes a body of any bytes.
func raw(kind byte, rest ...byte) []byte { return append([]byte{kind}, rest...) }

func TestBadInputGetsItsGoodbyeAndAffectsNoOtherClient(t *testing.T) {
	hi := func(token string) []byte {
		return wire.AppendBody(nil, wire.Frame{Kind: wire.KindHello, Payload: wire.Hello{Token: token}.Append(nil)})
	}
	ask := wire.AppendBody(nil, request(1, 1, "x"))
	zeros := make([]byte, 7)
	body := func(k wire.Kind, payload string) []byte {
		return wire.AppendBody(nil, wire.Frame{Kind: k, Payload: []byte(payload)})
	}
	for _, row := range []struct {
		name     string
		loggedIn bool
		body     []byte
		code     wire.Goodbye
		says     string
	}{
		{"hello without a token", false, body(wire.KindHello, `{}`), wire.GoodbyeBadToken, "forged"},
		{"empty token", false, hi(""), wire.GoodbyeBadToken, "forged"},
		{"forged token", false, hi("forged token"), wire.GoodbyeBadToken, "forged"},
		{"empty user ID", false, hi("token of "), wire.GoodbyeBadToken, "empty"},
		{"control character in the user ID", false, hi("token of a\x07b"), wire.GoodbyeBadToken, "U+0007"},
		{"user ID of 129 bytes", false, hi("token of " + strings.Repeat("x", 129)), wire.GoodbyeBadToken, "129 bytes"},
		{"hello that is no JSON", false, body(wire.KindHello, `token of x`), wire.GoodbyeProtocol, "hello"},
		{"hello with no payload", false, body(wire.KindHello, ``), wire.GoodbyeProtocol, "hello"},
		{"hello that is a JSON array", false, body(wire.KindHello, `[]`), wire.GoodbyeProtocol, "hello"},
		{"request before hello", false, ask, wire.GoodbyeProtocol, "first frame must be a hello, not a request"},
		{"ping before hello", false, body(wire.KindPing, ""), wire.GoodbyeProtocol, "first frame"},
		{"goodbye before hello", false, body(wire.KindGoodbye, ""), wire.GoodbyeProtocol, "first frame"},
		{"unknown kind before hello", false, raw(200, zeros...), wire.GoodbyeProtocol, "kind"},
		{"short frame before hello", false, raw(1), wire.GoodbyeProtocol, "short"},
		{"frame over the limit before hello", false, make([]byte, maxHello+1), wire.GoodbyeProtocol, "long"},
		{"second hello", true, hi("token of alice"), wire.GoodbyeProtocol, "second hello"},
		{"unknown kind", true, raw(9, zeros...), wire.GoodbyeProtocol, "kind"},
		{"kind 0", true, raw(0, zeros...), wire.GoodbyeProtocol, "kind"},
		{"welcome from a client", true, body(wire.KindWelcome, "{}"), wire.GoodbyeProtocol, "only servers"},
		{"response from a client", true, body(wire.KindResponse, "\x01"), wire.GoodbyeProtocol, "only servers"},
		{"push from a client", true, body(wire.KindPush, ""), wire.GoodbyeProtocol, "only servers"},
		{"frame of 7 bytes", true, raw(3, zeros[:6]...), wire.GoodbyeProtocol, "short"},
		{"empty frame", true, []byte{}, wire.GoodbyeProtocol, "short"},
		{"frame one byte over the limit", true, make([]byte, 1000+wire.FrameRoom+1), wire.GoodbyeProtocol, "long"},
		{"frame far over the limit", true, make([]byte, 1<<20), wire.GoodbyeProtocol, "long"},
	} {
		t.Run(row.name, func(t *testing.T) {
			overBoth(t, Config{MaxMessage: 1000}, func(t *scene, n *node, dial func(testing.TB) *client) {
				other, bad := dial(t), dial(t)
				other.login("other")
				if row.loggedIn {
					bad.login("alice")
				}
				if err := bad.io.send(row.body); err != nil {
					t.Fatal(err)
				}
				if text := bad.wantGoodbye(row.code); !strings.Contains(text, row.says) || strings.Contains(text, "\n") {
					t.Errorf("goodbye %q does not say %q in one line", text, row.says)
				}
				if row.loggedIn {
					n.wantLeft(t, "alice", user.Left)
				}
				other.wantAlive()
				stats := n.gw.Stats()
				if want := causeOf(row.code); stats.Ended[want] != 1 {
					t.Errorf("counted %v, want one %v", stats.Ended, want)
				}
			})
		})
	}
}

func TestALengthOverTheLimitIsRefusedBeforeTheFrameIsThere(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	if _, err := c.io.(*tcpBodies).conn.Write([]byte{0xff, 0xff, 0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	c.wantGoodbye(wire.GoodbyeProtocol)
}

func TestOtherProtocolsOnTheTCPPortGetGoodbye2003(t *testing.T) {
	n := start(t, Config{})
	for _, first := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "SSH-2.0-x\r\n"} {
		c := n.dialTCP(t)
		if _, err := c.io.(*tcpBodies).conn.Write([]byte(first)); err != nil {
			t.Fatal(err)
		}
		c.wantGoodbye(wire.GoodbyeProtocol)
	}
}

func TestAFrameAsLongAsTheLimitAllowsIsTaken(t *testing.T) {
	overBoth(t, Config{MaxMessage: 100_000}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		longest := strings.Repeat("x", 100_000+wire.FrameRoom-wire.HeaderSize)
		c.send(request(0, 2, longest))
		if f := c.next(); string(f.Payload) != longest {
			t.Fatalf("%d bytes came back", len(f.Payload))
		}
		c.wantAlive()
	})
}

func TestAMessageThatFitsInNoFrameIsRefusedAtOnce(t *testing.T) {
	overBoth(t, Config{MaxMessage: 1000}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		u := n.user(t, "alice")
		if err := sessions.Of(u).Push(2, 2, make([]byte, 1000+wire.FrameRoom-wire.HeaderSize+1), true, nil); !errors.Is(err, sessions.ErrTooLarge) {
			t.Fatal(err)
		}
		if err := sessions.Of(u).Push(2, 2, make([]byte, 1000+wire.FrameRoom-wire.HeaderSize), true, nil); err != nil {
			t.Fatal(err)
		}
		c.next()
	})
}

func TestARequestWithoutAHandlerIsAnsweredAndTheSessionLives(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		c.send(wire.Frame{Kind: wire.KindRequest, Ver: 200, Cmd: 1, ID: 8})
		f := c.next()
		if f.Kind != wire.KindResponse || f.ID != 8 || f.Ver != 200 || f.Payload[0] != byte(wire.StatusBad) || !bytes.HasPrefix(f.Payload[1:], []byte{4002 >> 8, 4002 & 0xff}) {
			t.Fatalf("%+v", f)
		}
		c.wantAlive()
	})
}
