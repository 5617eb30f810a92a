package bucket

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/testkit"
)

func TestRequestsFollowTheLeader(t *testing.T) {
	const secret = "a secret of sixteen bytes or more"
	var addrs []string
	for range 3 {
		addrs = append(addrs, testkit.CorePort(t))
	}
	open := func(name, core string) *natsnode.Node {
		t.Helper()
		n, err := natsnode.Open(natsnode.Config{Node: name, Core: core, CoreNodes: addrs, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.Close)

		return n
	}
	cores := map[string]*natsnode.Node{}
	for i, addr := range addrs {
		name := fmt.Sprint("n", i)
		cores[name] = open(name, addr)
	}
	n := open("other", "")
	b, err := New(n.Conn(), Config{Name: "Test", Replicas: 3, MaxBytes: 1 << 20, Timeout: 20 * time.Second, ConnTo: n.ConnTo})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	following := make(chan struct{})
	go func() {
		defer close(following)
		b.FollowLeader(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-following
	})
	follows := func() (leader string) {
		t.Helper()
		for ctx.Err() == nil {
			if err := b.Set(ctx, "k", []byte("v"), 60); err != nil {
				t.Fatal(err)
			}
			if c := b.cluster(ctx); c != nil && c.Leader != "" && b.conn().ConnectedServerName() == c.Leader {
				return c.Leader
			}
		}
		t.Fatal("requests do not go to the leader")

		return ""
	}
	leader := follows()
	cores[leader].Close()
	if next := follows(); next == leader {
		t.Errorf("%s leads, which has ended", next)
	}
	if e, err := b.Get(ctx, "k"); err != nil || string(e.Value) != "v" {
		t.Errorf("%q, %v", e.Value, err)
	}
}
