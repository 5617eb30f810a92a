package dm_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestOneSenderHasAQuarterOfAQueue(t *testing.T) {
	for _, size := range []int{1, 200, 3000, 60000} {
		inCluster(t, 2, nil, func(c *cluster) {
			flooder, friend, bob := c.login("flooder", 0), c.login("friend", 1), c.login("bob", 1)
			flooder.sends("bob", "hi", nil)
			friend.sends("bob", "hi", nil)
			bob.stalled = true
			var flood, other tally
			body := []byte(strings.Repeat("x", size))
			room := (256<<10 + max(size, 256) - 1) / max(size, 256)
			sent := min(room+5, itemBound)
			for range sent {
				flooder.node.dm.SendMessageByUserID(flooder.u, "bob", 2, 11, body, flood.add)
			}
			friend.node.dm.SendMessageByUserID(friend.u, "bob", 2, 11, body, other.add)
			time.Sleep(time.Second)
			synctest.Wait()
			if want := tallied("recipient busy", sent-room); flood.are() != want {
				t.Errorf("of %d messages of %d bytes: want %s", sent, size, want)
			}
			bob.unstall()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := other.are(); got != "map[ok:1]" {
				t.Errorf("the friend's message: %s", got)
			}
			if got, want := flood.are(), tallied("ok", min(sent, room)); got != want {
				t.Errorf("the flooder's: %s, want %s", got, want)
			}
			flooder.sends("bob", "recovered", nil)
		})
	}
}

func tallied(what string, n int) string {
	if n <= 0 {
		return "map[]"
	}

	return fmt.Sprintf("map[%s:%d]", what, n)
}

func TestBlankSendersHaveAQuarterEach(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		bob := c.login("bob", 1)
		bob.told = func(string) { bob.stalled = true } // from the first message on
		flooder := user.CreateBlankUser("", "news")
		other := user.CreateBlankUser("", "alerts")
		var flood, alerts tally
		body := []byte(strings.Repeat("x", 1000))
		for range 500 {
			c.nodes[0].dm.SendMessageByUserID(flooder, "bob", 2, 11, body, flood.add)
		}
		time.Sleep(time.Second)
		c.nodes[0].dm.SendMessageByUserID(other, "bob", 2, 11, body, alerts.add)
		time.Sleep(time.Second)
		bob.unstall()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := flood.are(); got != "map[ok:264 recipient busy:236]" {
			t.Errorf("the flood: %s", got)
		}
		if got := alerts.are(); got != "map[ok:1]" {
			t.Errorf("the other: %s", got)
		}
	})
}

// commands has a client send commands as the gateway does: none while it is held.
func (p *person) commands(cmd uint16, peers func(i int) string, n int) (sent int) {
	for sent < n && !p.isHeld() {
		sent++
		p.command(uint32(sent), cmd, string(wire.AppendPeer(nil, peers(sent)))+"hi")
	}

	return sent
}

func TestAClientThatPipelinesIsHeldAndLosesNothing(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) { m.ExposeCommands() }, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		bob.stalled = true
		if n := alice.commands(701, func(int) string { return "bob" }, 5000); n != itemBound {
			t.Errorf("alice was held after %d messages", n)
		}
		synctest.Wait()
		bob.unstall()
		time.Sleep(time.Second)
		synctest.Wait()
		if alice.isHeld() {
			t.Error("alice is still held")
		}
		if n := alice.responses(wire.StatusOK); n != itemBound {
			t.Errorf("%d of %d were delivered", n, itemBound)
		}
	})
}

func TestAClientThatLooksUpStrangersIsHeld(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) { m.ExposeCommands() }, func(c *cluster) {
		alice := c.login("alice", 0)
		c.cut(c.nodes[0], c.nodes[1])
		time.Sleep(time.Second + 50*time.Millisecond) // the link is suspended: nothing is said of users of the other node
		n := alice.commands(701, func(i int) string { return fmt.Sprint("stranger", i) }, 5000)
		if n < 250 || n > 600 { // half of them are looked up on this node
			t.Errorf("alice was held after %d lookups", n)
		}
		c.heal(c.nodes[0], c.nodes[1])
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if alice.isHeld() {
			t.Error("alice is still held")
		}
		if got := alice.responses(wire.StatusError); got != n {
			t.Errorf("%d of %d were answered", got, n)
		}
	})
}

func (p *person) isHeld() bool {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.held
}

// responses counts the responses with a status.
func (p *person) responses(status wire.Status) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.heard {
		if strings.Contains(text, fmt.Sprintf(" status %d", status)) {
			n++
		}
	}

	return n
}
