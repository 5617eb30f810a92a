package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

func TestACrowdHoldsItsUsersUntilItIsTold(t *testing.T) {
	nodes, stop, err := (&Setup{}).instances(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	proto, _ := nodes.proto.(*parleyProtocol)
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan struct{})
	ended := make(chan error, 1)
	o := CrowdOptions{Addrs: nodes.addrs, Key: proto.key, Prefix: proto.prefix, First: 3, Users: 5}
	go func() {
		ended <- RunCrowd(ctx, o, func(name, _ string) {
			if name == "ready" {
				close(ready)
			}
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the crowd is not ready")
	}
	asking := nodes.withResponses("")
	c, err := asking.dial(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, user := range []uint32{3, 7} {
		if err := c.awaitRoute(t.Context(), user, time.Now().Add(patience)); err != nil {
			t.Errorf("user %d: %v", user, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestACrowdWhoseNodeEndsSaysSo(t *testing.T) {
	nodes, stop, err := (&Setup{}).instances(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	proto, _ := nodes.proto.(*parleyProtocol)
	err = RunCrowd(t.Context(), CrowdOptions{Addrs: nodes.addrs, Key: proto.key, Prefix: proto.prefix, Users: 2}, func(string, string) { stop() })
	wantError(t, err, "an idle user ")
}

func TestACrowdWithoutUsersOrNodesIsRefused(t *testing.T) {
	for _, o := range []CrowdOptions{{Users: 1}, {Addrs: []string{"127.0.0.1:1"}}, {Addrs: []string{"127.0.0.1:1"}, Users: 1, First: -1}} {
		wantError(t, RunCrowd(t.Context(), o, func(string, string) {}), "a crowd needs users")
	}
	err := RunCrowd(t.Context(), CrowdOptions{Addrs: []string{"127.0.0.1:1"}, Users: 1, Key: auth.NewKey()}, func(string, string) {})
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}
