package gateway

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// logOf makes the node log into a buffer, at a level.
func (n *node) logOf(level slog.Level) (text func() string) {
	out := &testkit.Output{}
	n.gw.log = slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
	n.gw.denials.log, n.gw.debug = n.gw.log, level <= slog.LevelDebug

	return out.String
}

func TestTheBeginAndTheEndOfASessionAreLoggedAtDebug(t *testing.T) {
	n := newNode(t, Config{})
	log := n.logOf(slog.LevelDebug)
	n.router.Handle(2, 1, echo)
	n.listen(t)
	c := n.dialTCP(t)
	f := wire.Frame{Kind: wire.KindHello, Payload: []byte(`{"token":"token of alice","client":"game/1.2 \u0000\n<evil>` + strings.Repeat("x", 200) + `"}`)}
	c.send(f)
	w := c.welcome("alice")
	c.send(request(1, 1, "the user's own words"))
	c.wantEcho(1, "the user's own words")
	c.send(wire.Frame{Kind: wire.KindGoodbye, Payload: []byte("the user's last words")})
	n.wantLeft(t, "alice", user.Left)
	same := " user=alice session=" + w.Session + " node=n1 transport=tcp address=" + c.io.(*tcpBodies).conn.LocalAddr().String() + ` client="game/1.2 ???evil?xxx`
	got := log()
	if !strings.Contains(got, `level=DEBUG msg="a session begins"`+same) || !strings.Contains(got, `level=DEBUG msg="a session ends"`+same) ||
		!strings.Contains(got, "reason=left") || strings.Contains(got, "words") || strings.Contains(got, "token of") || strings.Contains(got, strings.Repeat("x", 60)) {
		t.Errorf("log:\n%s", got)
	}
}

func TestNoTokenIsLogged(t *testing.T) {
	n := newNode(t, Config{})
	log := n.logOf(slog.LevelDebug)
	n.listen(t)
	for _, hello := range []string{`{"token":"hush-hush"}`, `{"token":"hush-hush`, `{"token":5,"x":"hush-hush"}`, "hush-hush"} {
		c := n.dialTCP(t)
		c.send(wire.Frame{Kind: wire.KindHello, Payload: []byte(hello)})
		for f := c.next(); f.Kind != wire.KindGoodbye; {
			f = c.next()
		}
	}
	testkit.Eventually(t, "a line of the log", func() bool { return strings.Contains(log(), "clients were refused") })
	if got := log(); strings.Contains(got, "hush") || !strings.Contains(got, "protocol=3") || !strings.Contains(got, "token_refused=1") {
		t.Errorf("log:\n%s", got)
	}
}

func TestAtInfoNothingIsLoggedOfASession(t *testing.T) {
	n := newNode(t, Config{})
	log := n.logOf(slog.LevelInfo)
	n.listen(t)
	c := n.dialTCP(t)
	c.login("alice")
	c.send(wire.Frame{Kind: wire.KindGoodbye})
	n.wantLeft(t, "alice", user.Left)
	if got := log(); got != "" {
		t.Errorf("log:\n%s", got)
	}
}
