package chaos

import (
	"context"
	"io"
	"net"
	"os/exec"
	"testing"
	"time"
)

func TestPlacesOfATunnelledNetworkReachEachOtherUntilTheyAreCut(t *testing.T) {
	n, err := newTunnels(2, t.TempDir(), 1, "needle")
	if err != nil {
		t.Skip(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	l, err := n.listen(outside)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	echoed := make(chan struct{})
	go func() {
		defer close(echoed)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.Copy(c, c)
	}()
	c, err := n.dial(t.Context(), clients, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100_000)
	if _, err := c.Write(buf); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, buf); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	<-echoed
	mend := n.packets().cut(allTraffic, direction{clients, outside})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := n.dial(ctx, clients, "tcp", l.Addr().String()); err == nil {
		t.Error("the way is cut, and a connection was made")
	}
	if err := mend(); err != nil {
		t.Error(err)
	}
	again, err := n.dial(t.Context(), clients, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close() // the system has accepted it
}

func TestAPortWithoutAListenerIsRefusedByATunnelledNetwork(t *testing.T) {
	n, err := newTunnels(1, t.TempDir(), 1)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = n.close() }()
	from := time.Now()
	if _, err := n.dial(t.Context(), clients, "tcp", net.JoinHostPort(address(0).String(), "1")); err == nil || time.Since(from) > time.Second {
		t.Errorf("%v after %v", err, time.Since(from))
	}
}

func TestProcessesOfATunnelledNetworkKnowTheClustersName(t *testing.T) {
	n, err := newTunnels(2, t.TempDir(), 1)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = n.close() }()
	if n.dnsName() == "" {
		t.Skip("no own /etc/hosts here")
	}
	var said []byte
	cmd := exec.CommandContext(t.Context(), "cat", "/etc/hosts")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.start(0, cmd); err != nil {
		t.Fatal(err)
	}
	if said, err = io.ReadAll(out); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if want := "127.0.0.1 localhost\n10.99.0.1 cluster.chaos.test\n10.99.0.2 cluster.chaos.test\n"; string(said) != want {
		t.Errorf("%s", said)
	}
}
