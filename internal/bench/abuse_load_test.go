package bench

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

func TestHonestUsersSendWhenMessagesAreDue(t *testing.T) {
	h, err := newHonestLoad(t.Context(), relaysHere(t))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	for range 2 { // what arrives late in one phase does not count in the next one
		l, err := h.measure(t.Context(), 250*time.Millisecond)
		if err != nil || l.Sent != 250 || l.Lost != 0 || l.OneWay.Count != 250 || l.Late.Count != 250 || len(l.Broken) > 0 {
			t.Fatalf("%+v, %v", l, err)
		}
		plausible(t, l.OneWay)
		if l.Logins.Tried == 0 || l.Logins.Failed != 0 || l.Logins.Took.Count != l.Logins.Tried {
			t.Errorf("logins: %+v", l.Logins)
		}
	}
}

// stubNode is a node that logs every user in and leaves all else to f.
func stubNode(t *testing.T, f func(net.Conn, *wire.Reader)) string {
	t.Helper()

	return listen(t, func(c net.Conn) { serveStub(c, f) })
}

func serveStub(c net.Conn, f func(net.Conn, *wire.Reader)) {
	frames := wire.NewReader(c, maxBody)
	if hello, err := frames.Next(); err != nil || hello.Kind != wire.KindHello {
		return
	}
	if _, err := c.Write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindWelcome, Payload: wire.Welcome{}.Append(nil)})); err == nil {
		f(c, frames)
	}
}

// answer answers every request with an answer of f.
func answer(f func(request wire.Frame) []byte) func(net.Conn, *wire.Reader) {
	return func(c net.Conn, frames *wire.Reader) {
		for {
			request, err := frames.Next()
			if err != nil {
				return
			}
			if request.Kind != wire.KindRequest || request.ID == 0 {
				continue
			}
			response := wire.Frame{Kind: wire.KindResponse, Ver: request.Ver, Cmd: request.Cmd, ID: request.ID, Payload: f(request)}
			if _, err := c.Write(wire.AppendFrame(nil, response)); err != nil {
				return
			}
		}
	}
}

func answerOK(wire.Frame) []byte {
	return wire.AppendResponse(nil, wire.StatusOK, wire.AppendReceipt(nil, wire.Receipt{Result: wire.Delivered}))
}

func answerBusy(wire.Frame) []byte { return wire.AppendError(nil, wire.CodeRecipientBusy, "busy") }

func stubLoad(t *testing.T, f func(net.Conn, *wire.Reader)) *honestLoad {
	t.Helper()
	addr := stubNode(t, f)
	h, err := newHonestLoad(t.Context(), &system{proto: &parleyProtocol{key: auth.NewKey(), prefix: "x-"}, addrs: []string{addr, addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	h.patience = 300 * time.Millisecond

	return h
}

func TestALostMessageCountsWithTheWholePatience(t *testing.T) {
	h := stubLoad(t, answer(answerBusy))
	l, err := h.measure(t.Context(), 100*time.Millisecond)
	const all = 100
	if err != nil || l.Sent != all || l.Lost != all || l.OneWay.Count != all || l.OneWay.P50 < micros(h.patience)*.99 {
		t.Errorf("%+v, %v", l, err)
	}
	if l.Refused[wire.CodeRecipientBusy.String()] != all {
		t.Errorf("refused: %v", l.Refused)
	}
}

func TestAnEndedConnectionLosesItsMessages(t *testing.T) {
	h := stubLoad(t, func(net.Conn, *wire.Reader) {})
	l, err := h.measure(t.Context(), 100*time.Millisecond)
	if err != nil || l.Lost != l.Sent || l.Sent != 100 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestAMeasurementOfHonestUsersCanBeStopped(t *testing.T) {
	h := stubLoad(t, answer(answerBusy))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l, err := h.measure(ctx, time.Minute); err == nil {
		t.Errorf("%+v", l)
	}
}
