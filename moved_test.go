package parley_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// hero is a value of a type of the program's own.
type hero struct {
	Name  string
	Level int
}

// registerHero registers the type once for all tests of the process.
var registerHero = sync.OnceFunc(func() {
	user.RegisterType("hero", func(h hero) ([]byte, error) { return json.Marshal(h) },
		func(b []byte) (h hero, err error) {
			err = json.Unmarshal(b, &h)

			return h, err
		})
})

// at waits until a user is connected to one of the nodes by a session other than that one.
func (c *cluster) at(userID, notSID string, nodes ...*parley.Server) (u *user.User) {
	c.t.Helper()
	c.eventually(userID+" is back", func() bool {
		for _, s := range nodes {
			if u = s.Users().ByUID(userID); u != nil && u.SID != notSID {
				return true
			}
		}

		return false
	})

	return u
}

func TestAUsersDataGoAlongInARollingRestart(t *testing.T) {
	registerHero()
	endOfGossip(t)
	const users = 20
	var seen updates
	c := graceful(time.Minute).newCluster(t, 2, seen.watch)
	sids := map[string]string{}
	for i := range users {
		id := fmt.Sprint("user", i)
		first, second := c.nodes[i%2], c.nodes[(i+1)%2]
		dial(t, first, id, "tcp://"+first.TCPAddr()+",tcp://"+second.TCPAddr())
		u := c.at(id, "", first)
		sids[id] = u.SID
		u.Set("level", uint16(i))
		u.Set("tags", []string{"a", id})
		u.Set("hero", hero{id, i})
		u.Set("match", map[string]any{"since": time.Unix(int64(i), 0).UTC(), "scores": []int{i, 2}})
		u.Set("open", make(chan int)) // stays behind
	}
	moves := map[string]int{}
	for i, old := range c.nodes { // one after another, each at its old address
		tcp, other := old.TCPAddr(), c.nodes[1-i]
		var ids []string
		old.Users().Range(func(u *user.User) bool {
			ids = append(ids, u.ID)

			return true
		})
		c.stop(old)
		for _, id := range ids {
			u := c.at(id, sids[id], other)
			moves[id]++
			c.eventually(fmt.Sprintf("OnSIDUpdate has told %d moves of %s", moves[id], id), func() bool { return len(seen.of(id)) == moves[id] })
			if last := seen.of(id)[moves[id]-1]; last != (change{sids[id], u.SID}) {
				t.Errorf("%s: %v, want %s and %s", id, last, sids[id], u.SID)
			}
			sids[id] = u.SID
			wantData(t, u)
		}
		c.way.config = func(cfg *parley.Config) { cfg.Grace, cfg.TCP = time.Minute, tcp }
		c.nodes[i] = c.add(i, seen.watch)
		c.nodes = c.nodes[:2]
		c.seesAll()
	}
	if len(moves) != users {
		t.Errorf("%d users have moved, want %d", len(moves), users)
	}
}

// wantData checks the data that the rolling restart carries.
func wantData(t *testing.T, u *user.User) {
	t.Helper()
	var i int
	_, _ = fmt.Sscanf(u.ID, "user%d", &i)
	if v, ok := u.GetAsUint16("level"); !ok || v != uint16(i) {
		t.Errorf("%s: level is %v", u.ID, u.Get("level"))
	}
	if v, ok := user.GetAs[[]string](u, "tags"); !ok || !slices.Equal(v, []string{"a", u.ID}) {
		t.Errorf("%s: tags is %v", u.ID, u.Get("tags"))
	}
	if v, ok := user.GetAs[hero](u, "hero"); !ok || v != (hero{u.ID, i}) {
		t.Errorf("%s: hero is %v", u.ID, u.Get("hero"))
	}
	match, _ := user.GetAs[map[string]any](u, "match")
	if fmt.Sprint(match) != fmt.Sprint(map[string]any{"since": time.Unix(int64(i), 0).UTC(), "scores": []int{i, 2}}) {
		t.Errorf("%s: match is %v", u.ID, match)
	}
	if v := u.Get("open"); v != nil {
		t.Errorf("%s: a channel came along: %v", u.ID, v)
	}
}

func TestDataOfAUserWhoDoesNotWaitForTheGoodbyeGoAlong(t *testing.T) {
	var seen updates
	c := graceful(time.Minute).newCluster(t, 2, seen.watch)
	first, second := c.nodes[0], c.nodes[1]
	terminating, goOn := make(chan struct{}), make(chan struct{})
	dial(t, first, "alice", "tcp://"+first.TCPAddr(), client.WithoutReconnect())
	old := c.at("alice", "", first)
	old.Set("level", 7)
	first.OnTerminate(func() { // it stops, and has not said goodbye yet
		close(terminating)
		<-goOn
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.stop(first)
	}()
	<-terminating
	c.login("alice", 1, false)
	u := c.at("alice", "", second)
	c.eventually("the data are there", func() bool { return u.Get("level") == 7 })
	c.eventually("OnSIDUpdate was called", func() bool {
		return slices.Equal(seen.of("alice"), []change{{old.SID, u.SID}})
	})
	close(goOn)
	<-stopped
}

func TestDataDoNotGoAlongToAnotherLogin(t *testing.T) {
	for name, other := range map[string]int{"same node": 0, "another node": 1} {
		t.Run(name, func(t *testing.T) {
			var seen updates
			c := graceful(time.Minute).newCluster(t, 2, seen.watch)
			c.login("alice", 0, false)
			old := c.at("alice", "", c.nodes[0])
			old.Set("level", 7)
			c.login("alice", other, false)
			u := c.at("alice", old.SID, c.nodes[other])
			c.eventually("OnSIDUpdate was called", func() bool {
				return slices.Equal(seen.of("alice"), []change{{old.SID, u.SID}})
			})
			if v := u.Get("level"); v != nil {
				t.Errorf("level is %v", v)
			}
		})
	}
}

func TestAUserWhoHasLeftComesAnew(t *testing.T) {
	var seen updates
	c := graceful(time.Minute).newCluster(t, 2, seen.watch)
	alice := c.login("alice", 0, false)
	c.at("alice", "", c.nodes[0])
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	c.eventually("alice has left", func() bool { return c.nodes[0].Users().ByUID("alice") == nil })
	c.login("alice", 1, false)
	second := c.at("alice", "", c.nodes[1])
	c.login("alice", 0, false) // this one is told: one of the login before would have come earlier
	third := c.at("alice", "", c.nodes[0])
	c.eventually("OnSIDUpdate was called", func() bool { return len(seen.of("alice")) > 0 })
	if got := seen.of("alice"); !slices.Equal(got, []change{{second.SID, third.SID}}) {
		t.Error(got)
	}
}

func TestDataThatTheProgramHoldsComeALittleLater(t *testing.T) {
	c := graceful(time.Minute).newCluster(t, 2, nil)
	first, second := c.nodes[0], c.nodes[1]
	bob := dial(t, first, "bob", "tcp://"+first.TCPAddr(), client.WithoutReconnect())
	old := c.at("bob", "", first)
	holds, goOn := make(chan struct{}), make(chan struct{})
	go old.Update("level", func(any) any {
		close(holds)
		<-goOn

		return 7
	})
	<-holds
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.stop(first)
	}()
	<-bob.Done()
	c.login("bob", 1, false)
	u := c.at("bob", old.SID, second)
	if v := u.Get("level"); v != nil {
		t.Errorf("level is %v before the program has set it", v)
	}
	close(goOn)
	c.eventually("the data are there", func() bool { return u.Get("level") == 7 })
	<-stopped
}

func TestDataThatTheProgramHoldsForEverDoNotHoldUpTheStop(t *testing.T) {
	c := graceful(time.Second).newCluster(t, 2, nil)
	first, second := c.nodes[0], c.nodes[1]
	c.stuck = first
	bob := dial(t, first, "bob", "tcp://"+first.TCPAddr(), client.WithoutReconnect())
	old := c.at("bob", "", first)
	holds, goOn := make(chan struct{}), make(chan struct{})
	defer close(goOn)
	go old.Update("level", func(any) any {
		close(holds)
		<-goOn

		return 7
	})
	<-holds
	const most = 8 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- first.Stop(ctx) }()
	<-bob.Done()
	c.login("bob", 1, false)
	c.at("bob", old.SID, second)
	c.eventually("the node has said goodbye", func() bool { return len(second.Nodes()) == 0 })
	if ctx.Err() != nil {
		t.Error("the data have taken all of the time, and there was none for the outcomes of others")
	}
	select {
	case err := <-stopped:
		if err == nil {
			t.Error("the stop does not say that a function has not returned")
		}
	case <-time.After(most + patience):
		t.Error("the stop goes on")
	}
}

func TestWhatTheNewerSessionHasStays(t *testing.T) {
	c := graceful(time.Minute).newCluster(t, 2, func(i int, s *parley.Server) {
		s.Users().OnNew(func(u *user.User) { u.Set("node", i) })
	})
	first := c.nodes[0]
	bob := dial(t, first, "bob", "tcp://"+first.TCPAddr(), client.WithoutReconnect())
	c.at("bob", "", first).Set("level", 7)
	go c.stop(first)
	<-bob.Done()
	c.login("bob", 1, false)
	u := c.at("bob", "", c.nodes[1])
	c.eventually("the data are there", func() bool { return u.Get("level") == 7 })
	if v := u.Get("node"); v != 1 {
		t.Errorf("node is %v", v)
	}
	c.stop(first)
}

func TestWhatStaysBehindIsLoggedOnceForEachType(t *testing.T) {
	var text bytes.Buffer
	var l parley.LeftBehindLog
	u := user.CreateBlankUser("", "alice")
	for i := range 100 {
		l.Note(slog.New(slog.NewTextHandler(&text, nil)), u, []sessions.LeftBehind{
			{Key: fmt.Sprint("key", i), Type: "chan int", Err: io.EOF}, {Key: fmt.Sprint("other", i), Type: "func()", Err: io.EOF},
		})
	}
	if n := strings.Count(text.String(), "\n"); n < 2 || n > 3 || !strings.Contains(text.String(), "key=key0 type=\"chan int\"") ||
		!strings.Contains(text.String(), "key=other0 type=func()") {
		t.Errorf("%d lines: %s", n, &text)
	}
}

func TestPacketsOfOtherVersionsDoNoHarm(t *testing.T) {
	var seen updates
	c := way{}.newCluster(t, 2, seen.watch)
	c.login("alice", 1, false)
	u := c.at("alice", "", c.nodes[1])
	sid := sessions.Of(u).SID()
	to := c.nodes[1].ID()
	send := func(port uint8, packet []byte) {
		t.Helper()
		if err := c.nodes[0].SendPacket(port, to, packet); err != nil {
			t.Fatal(err)
		}
	}
	send(parley.PortSessions, nil)
	send(parley.PortSessions, []byte("short"))
	send(parley.PortSessions, append(sid[:], make([]byte, 16+user.MaxMovedBytes+1)...))
	send(200, []byte("a port of a newer version"))
	older := node.SID{1}
	packet := append(append([]byte(nil), sid[:]...), older[:]...)
	packet = append(packet,
		1, 'a', 2, 200, 0, // an item of a form of a newer version
		1, 'b', 1, 0, // nil
		9, 'c', // cut off
	)
	send(parley.PortSessions, packet)
	c.eventually("OnSIDUpdate was called", func() bool {
		return slices.Equal(seen.of("alice"), []change{{older.String(), u.SID}})
	})
	if u.Get("a") != nil || u.Get("c") != nil {
		t.Errorf("a is %v, c is %v", u.Get("a"), u.Get("c"))
	}
}
