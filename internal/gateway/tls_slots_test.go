package gateway

import (
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestSlotsAreWhatSignaturesFitIntoASecond(t *testing.T) {
	h := newTLSSlots()
	for cost, want := range map[time.Duration]int{time.Second: fewestSlots, 10 * time.Millisecond: 100, time.Microsecond: mostSlots, 0: mostSlots} {
		h.signing = make(chan struct{}, 1)
		h.cost.Store(int64(cost))
		if got := h.slots(); got != want {
			t.Errorf("%v: %d slots, want %d", cost, got, want)
		}
	}
}

func TestASlotIsWaitedForAndGivenBackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTLSSlots()
		h.cost.Store(int64(time.Minute))
		var held []*slot
		for range fewestSlots {
			s := h.acquire(nil)
			s.accepted()
			held = append(held, s)
		}
		got := make(chan *slot)
		go func() { got <- h.acquire(nil) }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("one too many")
		default:
		}
		held[0].done()
		held[0].done()
		(<-got).done()
		done := make(chan struct{})
		go func() { h.acquire(nil); got <- h.acquire(done) }()
		synctest.Wait()
		close(done)
		if s := <-got; s != nil {
			t.Error("a slot after the end")
		}
		begin := time.Now()
		h.acquire(nil) // a slot of a client that says nothing
		if time.Since(begin) != slotTime {
			t.Errorf("waited %v", time.Since(begin))
		}
		(*slot)(nil).done()
		(*slot)(nil).accepted()
		synctest.Wait()
	})
}

func TestSilentTLSConnectionsDoNotKeepOthersFromTheHandshake(t *testing.T) {
	server, trusting := testkit.TLS(t)
	n := start(t, Config{TLS: server})
	n.gw.tlsSlots.cost.Store(int64(time.Minute))
	for range 3 * fewestSlots {
		n.dialTCP(t) // silent
	}
	conn, err := tls.Dial("tcp", n.tcp, trusting) // after at most three times the slots' time
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, &tcpBodies{conn}).login("alice")
}

func TestAClientThatHasGoneIsNotSignedFor(t *testing.T) {
	server, trusting := testkit.TLS(t)
	ln := loopback(t)
	defer ln.Close()
	dialed := make(chan struct{})
	go func() {
		defer close(dialed)
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
		_ = tls.Client(conn, trusting).Handshake() // gives up
		_ = conn.Close()
	}()
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-dialed
	if !hungUp(conn) {
		t.Skip("not known on this system")
	}
	h := newTLSSlots()
	before := h.cost.Load()
	if err := tls.Server(conn, h.bound(server)).Handshake(); err == nil || h.cost.Load() != before {
		t.Errorf("%v, cost %v", err, time.Duration(h.cost.Load()))
	}
}

func TestAReturningTLSClientResumesItsSession(t *testing.T) {
	server, trusting := testkit.TLS(t)
	n := start(t, Config{TLS: server})
	trusting = trusting.Clone()
	trusting.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for i := range 3 {
		conn, err := tls.Dial("tcp", n.tcp, trusting)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, &tcpBodies{conn})
		c.login("user " + strconv.Itoa(i))
		c.wantAlive() // the ticket comes before
		if resumed := conn.ConnectionState().DidResume; resumed != (i > 0) {
			t.Errorf("connection %d: resumed is %v", i, resumed)
		}
	}
}

func TestCertificatesOfAFunctionAreBoundOnce(t *testing.T) {
	server, _ := testkit.TLS(t)
	h := newTLSSlots()
	cert := &server.Certificates[0]
	cfg := h.bound(&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil }, MinVersion: tls.VersionTLS12})
	first, err := cfg.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := cfg.GetCertificate(nil); again != first || again == cert {
		t.Error("bound again, or not at all")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { _, _ = cfg.GetCertificate(nil) })
	}
	all.Wait()
	if h.bound(nil) != nil {
		t.Error("a configuration of nothing")
	}
}
