package bench

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

// testFailure is a death without nodes: the peers' connections are the test's.
func testFailure(t *testing.T, push []byte) (*nodeFailure, *conn) {
	t.Helper()
	addr := listen(t, func(conn net.Conn) {
		_, _ = conn.Write(push)
		_, _ = conn.Read(make([]byte, 1))
	})
	proto := &parleyProtocol{prefix: "x-"}
	var dialer net.Dialer
	raw, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &nodeFailure{
		system: &system{proto: proto, addrs: []string{addr, addr}}, clients: 1, patience: patience, killed: make(chan struct{}),
		allNotified: make(chan struct{}), delays: newRecorders(1), notFoundTimes: newRecorders(1), otherAnswers: map[string]int{}, killedAt: time.Now(),
	}
	d.ctx, d.fail = context.WithCancelCause(t.Context())
	c := &conn{raw: raw, protocol: proto, user: 1}
	d.peers = []*conn{c}
	t.Cleanup(d.close)

	return d, c
}

// sleepProcess is a process to kill.
func sleepProcess(t *testing.T) *process {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	p, err := Self{Path: path}.launch("sleeper", nil, "60")
	if err != nil {
		t.Fatal(err)
	}
	p.discardOutput()
	t.Cleanup(p.stop)

	return p
}

func disconnectPush(user, last string) []byte {
	return wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPush, Ver: wire.EngineVer, Cmd: wire.CommandDisconnect, Payload: append(wire.AppendPeer(nil, user), last...)})
}

func TestTheNoticeThatAUserIsGoneIsTaken(t *testing.T) {
	farewell := disconnectPush("x-7", "bye") // ends no channel in silence
	d, c := testFailure(t, append(farewell, disconnectPush("x-7", "")...))
	close(d.killed)
	d.peerReaders.Go(func() { d.awaitNotice(c, 7, d.delays.forWorker(0)) })
	select {
	case <-d.allNotified:
	case <-d.ctx.Done():
		t.Fatal(context.Cause(d.ctx))
	}
	plausible(t, latencyOf(d.delays.merged()))
}

func TestANoticeBeforeTheKillEndsTheRun(t *testing.T) {
	d, c := testFailure(t, disconnectPush("x-7", ""))
	d.awaitNotice(c, 7, d.delays.forWorker(0))
	wantError(t, context.Cause(d.ctx), "before the node is killed")
}

func TestANoticeOfAnotherUserEndsTheRun(t *testing.T) {
	d, c := testFailure(t, disconnectPush("x-8", ""))
	close(d.killed)
	d.awaitNotice(c, 7, d.delays.forWorker(0))
	wantError(t, context.Cause(d.ctx), `the end of "x-8" instead of "x-7"`)
}

func TestAPeerWithoutANoticeEndsTheRun(t *testing.T) {
	d, c := testFailure(t, nil)
	d.patience = 20 * time.Millisecond
	d.killedClients = []*conn{c}
	d.system.procs = []*process{nil, sleepProcess(t)}
	d.peerReaders.Go(func() { d.awaitNotice(c, 7, d.delays.forWorker(0)) })
	wantError(t, d.run(), "1 of 1 peers have no notice 20ms after the kill")
}
