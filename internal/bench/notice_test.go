package bench

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

// quietDeath is a death without nodes: the peers' connections are the test's.
func quietDeath(t *testing.T, push []byte) (*death, *line) {
	t.Helper()
	addr := listen(t, func(conn net.Conn) {
		_, _ = conn.Write(push)
		_, _ = conn.Read(make([]byte, 1))
	})
	proto := &parleyProtocol{prefix: "x-"}
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &death{
		sys: &system{proto: proto, addrs: []string{addr, addr}}, clients: 1, patience: patience, killed: make(chan struct{}),
		toldAll: make(chan struct{}), told: newRecorders(1), answers: newRecorders(1), others: map[string]int{}, at: time.Now(),
	}
	d.ctx, d.fail = context.WithCancelCause(t.Context())
	l := &line{conn: conn, proto: proto, user: 1}
	d.watched = []*line{l}
	t.Cleanup(d.end)

	return d, l
}

// sleeper is a process to kill.
func sleeper(t *testing.T) *process {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	p, err := Self{Path: path}.launch("sleeper", nil, "60")
	if err != nil {
		t.Fatal(err)
	}
	p.drop()
	t.Cleanup(p.stop)

	return p
}

func goneFrame(user, last string) []byte {
	return wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPush, Ver: verSend, Cmd: cmdGone, Payload: append(wire.AppendPeer(nil, user), last...)})
}

func TestTheNoticeThatAUserIsGoneIsTaken(t *testing.T) {
	farewell := goneFrame("x-7", "bye") // ends no channel in silence
	d, l := quietDeath(t, append(farewell, goneFrame("x-7", "")...))
	close(d.killed)
	d.peers.Go(func() { d.watch(l, 7, d.told.of(0)) })
	select {
	case <-d.toldAll:
	case <-d.ctx.Done():
		t.Fatal(context.Cause(d.ctx))
	}
	plausible(t, latencyOf(d.told.merged()))
}

func TestANoticeBeforeTheKillEndsTheRun(t *testing.T) {
	d, l := quietDeath(t, goneFrame("x-7", ""))
	d.watch(l, 7, d.told.of(0))
	wantError(t, context.Cause(d.ctx), "before the node is killed")
}

func TestANoticeOfAnotherUserEndsTheRun(t *testing.T) {
	d, l := quietDeath(t, goneFrame("x-8", ""))
	close(d.killed)
	d.watch(l, 7, d.told.of(0))
	wantError(t, context.Cause(d.ctx), `the end of "x-8" instead of "x-7"`)
}

func TestAPeerWithoutANoticeEndsTheRun(t *testing.T) {
	d, l := quietDeath(t, nil)
	d.patience = 20 * time.Millisecond
	d.doomed = []*line{l}
	d.sys.procs = []*process{nil, sleeper(t)}
	d.peers.Go(func() { d.watch(l, 7, d.told.of(0)) })
	wantError(t, d.run(), "1 of 1 peers have no notice 20ms after the kill")
}
