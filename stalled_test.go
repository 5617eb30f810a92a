//go:build unix

package parley_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestAStalledNodeCostsTheOthersABoundedAmount(t *testing.T) {
	const (
		pairs, each, size = 9, 160, 60_000 // 82 MiB: more than the users' bounds let through, and those let more through than the link's
		userBound         = 8 << 20
		linkBound         = 64 << 20
		slack             = 48 << 20 // buffers that have grown beyond what they hold, packets that are being put together
	)
	c := way{}.newCluster(t, 1, nil)
	node := c.nodes[0]
	stopped := spawn(t, "PARLEY_NODE=n2", "PARLEY_CLUSTER=127.0.0.1:0", "PARLEY_CLUSTER_SECRET="+testSecret, "PARLEY_JOIN="+node.ClusterAddr())
	var senders []*user.User
	others := c.login("alice", 0, false)
	for i := range pairs {
		senders = append(senders, user.CreateBlankUser("", fmt.Sprint("sender ", i)))
		stopped.login(fmt.Sprint("bob ", i), false, client.OnPush(func(uint8, uint16, []byte) {}))
	}
	reach := func(what string) {
		for i, u := range senders {
			c.eventually(fmt.Sprint(what, i), func() bool {
				done := make(chan error, 1)
				node.DM().SendMessageByUserID(u, fmt.Sprint("bob ", i), 2, 11, []byte("hi"), func(err error) { done <- err })

				return <-done == nil
			})
		}
	}
	reach("before it is stopped: bob ")
	before := heapInUse()
	began := time.Now()
	f := &sent{outcomes: make(map[wire.Code]int)}
	if err := stopped.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	f.open.Add(pairs * each)
	body := make([]byte, size)
	for range each {
		for i, u := range senders {
			node.DM().SendMessageByUserID(u, fmt.Sprint("bob ", i), 2, 11, body, f.outcome)
		}
	}
	inTime := time.Since(began) < time.Second // the server has not noticed yet
	held := heapInUse() - before
	if most := pairs*userBound + linkBound + slack; held > most {
		t.Errorf("%d MiB are held, the bounds are %d", held>>20, most>>20)
	}
	others.tell("alice", "not held up")
	f.open.Wait()
	for kind := range f.outcomes {
		if !slices.Contains([]wire.Code{0, wire.CodeTimeout, wire.CodeOverloaded, wire.CodeUserNotFound, wire.CodeRecipientBusy}, kind) {
			t.Errorf("outcomes %v", f.outcomes)
		}
	}
	if inTime && f.outcomes[wire.CodeOverloaded]+f.outcomes[wire.CodeRecipientBusy]+f.outcomes[0] < pairs*(each-userBound/size-1) {
		t.Errorf("outcomes %v", f.outcomes)
	}
	if err := stopped.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	reach("it goes on: bob ")
	c.eventually("all memory is given back", func() bool { return heapInUse()-before < slack/2 })
	t.Logf("%d MiB were held; outcomes %v", held>>20, f.outcomes)
}

// heapInUse is what is reachable in this process, in bytes.
func heapInUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)

	return int(m.HeapAlloc)
}

func TestAProcessWhoseNameWasTakenWhileItWasStoppedEnds(t *testing.T) {
	first := way{}.newCluster(t, 1, nil).nodes[0]
	settings := []string{"PARLEY_NODE=n2", "PARLEY_CLUSTER=127.0.0.1:0", "PARLEY_CLUSTER_SECRET=" + testSecret, "PARLEY_JOIN=" + first.ClusterAddr()}
	old := spawn(t, settings...)
	if err := old.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	newer := spawn(t, settings...) // ready: the old one's links have ended
	if err := old.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-old.exited:
	case <-time.After(patience):
		t.Fatal("two nodes of one name stay")
	}
	if old.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(fmt.Sprint(old.err), "has this node's name") {
		t.Errorf("it ended with %v", old.err)
	}
	alice := newer.login("alice", false)
	alice.tell("alice", "the newer one serves")
}
