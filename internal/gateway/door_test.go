package gateway

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// dialFrom connects from an address of the loopback network.
func (n *node) dialFrom(tb testing.TB, ip string) *client {
	tb.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	conn, err := d.Dial("tcp", n.tcp)
	if err != nil {
		tb.Skipf("no second address on loopback here: %v", err)
	}

	return newClient(tb, &tcpBodies{conn})
}

func (n *node) wantDenied(tb testing.TB, why Denial, count uint64) {
	tb.Helper()
	testkit.Eventually(tb, "the refusals are counted", func() bool { return n.gw.Stats().Denied[why] >= count })
	if got := n.gw.Stats().Denied[why]; got != count {
		tb.Errorf("%v: %d, want %d", why, got, count)
	}
}

func TestSilentConnectionsOfOneAddressKeepNoOtherAddressOut(t *testing.T) {
	n := start(t, Config{MaxPending: 50, AddressPending: 10})
	for range 200 {
		n.dialTCP(t) // says nothing
	}
	testkit.Eventually(t, "190 connections of an address are refused", func() bool { return n.gw.Stats().Denied[DeniedAddressPending] == 190 && n.gw.Stats().Held == 10 })
	for i := range 30 {
		n.dialFrom(t, "127.0.0.2").login("user " + number(i))
	}
	if n.gw.Stats().Denied[DeniedPending] != 0 || n.gw.Stats().Refused != 190 {
		t.Errorf("%+v", n.gw.Stats())
	}
}

func TestSessionsOfOneAddressAreLimited(t *testing.T) {
	n := start(t, Config{AddressOpen: 2})
	first := n.dialTCP(t)
	first.login("alice")
	n.dialTCP(t).login("bob")
	n.dialTCP(t).wantEnd()
	n.wantDenied(t, DeniedAddressOpen, 1)
	n.dialFrom(t, "127.0.0.2").login("carol")
	first.io.close()
	n.wantLeft(t, "alice", user.Left)
	testkit.Eventually(t, "room for one more", func() bool {
		return n.gw.Sessions() == 2 && n.gw.door.enter(keyOf(netip.MustParseAddr("127.0.0.1"))) == 0
	})
	n.gw.door.leave(keyOf(netip.MustParseAddr("127.0.0.1")), pendingPlace)
	n.dialTCP(t).login("dave")
}

func TestWhatLingersAfterARefusedHelloCounts(t *testing.T) {
	n := start(t, Config{AddressPending: 3})
	var refused []*client
	for range 3 {
		c := n.dialTCP(t)
		c.send(request(1, 1, "no hello"))
		for f := c.next(); f.Kind != wire.KindGoodbye; {
			f = c.next()
		}
		refused = append(refused, c) // and does not close
	}
	if held := n.gw.Stats().Held; held != 3 {
		t.Errorf("%d held", held)
	}
	n.dialTCP(t).wantEnd()
	n.wantDenied(t, DeniedAddressPending, 1)
	n.wantDenied(t, DeniedProtocol, 3)
	refused[0].io.close()
	testkit.Eventually(t, "the connections that are held are 2", func() bool { return n.gw.Stats().Held == 2 })
	n.dialTCP(t).login("alice")
}

func TestLoginsOfOneAddressWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(&Config{AddressLogins: 2})
		a, b := addressKey(1), addressKey(2)
		for range 20 { // ten seconds' worth
			if wait := d.login(a); wait != 0 {
				t.Fatalf("within the burst: %v", wait)
			}
		}
		var waits []time.Duration
		for range 7 {
			waits = append(waits, d.login(a))
		}
		for i, want := range []int{0, 500, 1000, 1500, 2000, 2500, 2500} { // the last two are refused
			if waits[i] != time.Duration(want)*time.Millisecond {
				t.Errorf("login %d beyond the burst waits %v, want %v", i, waits[i], time.Duration(want)*time.Millisecond)
			}
		}
		if wait := d.login(b); wait != 0 {
			t.Errorf("another address waits %v", wait)
		}
		time.Sleep(3 * time.Second)
		if wait := d.login(a); wait != 0 {
			t.Errorf("later: %v", wait)
		}
		if d.login(noAddress) != 0 {
			t.Error("a proxy waits")
		}
	})
}

func TestAnAddressIsForgottenOnceItsLoginsArePaidFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(&Config{AddressLogins: 1})
		for range 3 {
			if why := d.enter(7); why != 0 {
				t.Fatal(why)
			}
			d.login(7)
			d.leave(7, pendingPlace)
		}
		d.sweep()
		if len(d.addresses) != 1 {
			t.Errorf("%d addresses", len(d.addresses))
		}
		time.Sleep(3 * time.Second)
		d.sweep()
		if len(d.addresses) != 0 || len(d.idle) != 0 || d.held() != 0 {
			t.Errorf("%d addresses, %d idle, %d held", len(d.addresses), len(d.idle), d.held())
		}
	})
}

func TestAnIPv6NetworkIsOneAddress(t *testing.T) {
	same := func(a, b string) bool { return keyOf(netip.MustParseAddr(a)) == keyOf(netip.MustParseAddr(b)) }
	if !same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9") || !same("::ffff:192.0.2.1", "192.0.2.1") {
		t.Error("one customer has two")
	}
	if same("2001:db8:1:2::1", "2001:db8:1:3::1") || same("192.0.2.1", "192.0.2.2") || same("::1", "0.0.0.0") {
		t.Error("two customers have one")
	}
}

func TestLoginsOfOneUserInARowAreDelayedMoreAndMore(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	u := newUserLogins(3)
	u.now = func() time.Time { return now }
	var waits []time.Duration
	for range 9 {
		wait := u.delay("alice")
		waits = append(waits, wait)
		if wait <= longestLoginDelay {
			now = now.Add(wait)
		}
	}
	for i, want := range []int{0, 0, 0, 100, 200, 400, 800, 1600, 3200} {
		if waits[i] != time.Duration(want)*time.Millisecond {
			t.Errorf("login %d waits %v, want %v", i, waits[i], time.Duration(want)*time.Millisecond)
		}
	}
	if u.delay("bob") != 0 {
		t.Error("another user is delayed")
	}
	now = now.Add(loginQuietTime + longestLoginDelay + time.Second)
	if wait := u.delay("alice"); wait != 0 {
		t.Errorf("after a while: %v", wait)
	}
	for range 100 { // all at once: those that would wait too long are refused, and do not count
		u.delay("carol")
	}
	if wait := u.delay("carol"); wait <= longestLoginDelay || wait > longestUserLoginJam {
		t.Errorf("in a crowd: %v", wait)
	}
	if newUserLogins(-1).delay("alice") != 0 {
		t.Error("without a limit: delayed")
	}
}

func TestDevicesThatThrowEachOtherOutAreSlowedDown(t *testing.T) {
	n := start(t, Config{UserLogins: 2})
	begin := time.Now()
	for range 4 {
		n.dialTCP(t).login("alice")
	}
	if took := time.Since(begin); took < firstLoginDelay+2*firstLoginDelay {
		t.Errorf("four logins took %v", took)
	}
	if n.gw.Stats().Delayed != 2 {
		t.Errorf("%d delayed", n.gw.Stats().Delayed)
	}
	n.dialTCP(t).login("bob")
}

func TestRefusalsAreLoggedInOneLineASecondWithTheirReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Output
		d := &denials{log: log.Logger()}
		for range 1000 {
			d.add(DeniedOrigin, "192.0.2.1:5")
			d.add(DeniedTokenForged, "192.0.2.2:6")
		}
		time.Sleep(1500 * time.Millisecond)
		d.add(DeniedTLS, "192.0.2.3:7")
		d.close()
		d.add(DeniedTLS, "192.0.2.4:7") // counted, and not logged any more
		time.Sleep(5 * time.Second)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "count=2000 one_of_them=192.0.2.2:6 origin=1000 token_forged=1000") ||
			!strings.Contains(lines[1], "count=1 one_of_them=192.0.2.3:7 tls=1") || !strings.Contains(lines[0], "level=INFO") {
			t.Errorf("log:\n%s", log.String())
		}
	})
}

func TestEveryDenialHasAName(t *testing.T) {
	seen := map[string]bool{}
	for d := Denial(1); d < denialKinds; d++ {
		if name := d.String(); name == "" || seen[name] {
			t.Errorf("denial %d is %q", d, name)
		} else {
			seen[name] = true
		}
	}
	if Denial(0).String() != "unknown" || denialKinds.String() != "unknown" {
		t.Error("what is none has a name")
	}
}
