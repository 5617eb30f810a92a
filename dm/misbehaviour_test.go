package dm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// inStory runs a test on a story with so many nodes: n1, n2 and so on.
func inStory(t *testing.T, nodes int, test func(s *story)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t)
		s.history = true
		for i := range nodes {
			s.begin(fmt.Sprint("n", i+1))
		}
		test(s)
		s.close(t)
	})
}

func (s *story) must(lines ...string) {
	s.t.Helper()
	for _, l := range lines {
		if err := s.do(l); err != nil {
			s.t.Errorf("%s: %v", l, err)
		}
	}
}

// everything calls all functions of the package on behalf of u, in the middle of a callback, and
// notes how they end.
func everything(m *dm.Module, u *user.User, from string) (ends []string) {
	msg := dm.Message{Ver: 2, Cmd: 11, Body: []byte("from inside")}
	note := func(what string, err error) { ends = append(ends, what+" "+describe(err)) }
	ctx := context.Background()
	m.SendMessageByUserID(u, "carol", 2, 11, msg.Body, func(error) {})
	m.SendMessageByUserID(u, from, 2, 11, msg.Body, nil)
	_, err := m.Send(ctx, u, "carol", msg)
	note("carol", err)
	_, err = m.Connect(ctx, u, "carol")
	note("connect", err)
	_, err = m.Disconnect(ctx, u, "carol", msg)
	note("disconnect", err)
	_, err = m.Send(ctx, u, from, msg)
	note("back", err)
	m.Channels(u)
	m.ClearCacheByUserID(u, "carol", 2, 12, nil)
	_, err = m.Send(ctx, u, u.ID, msg)
	note("self", err)
	m.ClearCacheByUserID(u, from, 2, 12, msg.Body)

	return ends
}

func TestEveryFunctionMayBeCalledFromInsideEveryCallback(t *testing.T) {
	// A callback that waits for a message to its own user waits for itself to return, or for a
	// session that is over.
	inLane := []string{"carol ok", "connect ok", "disconnect ok", "back ok", "self timeout"}
	free := append(slices.Clone(inLane[:4]), "self ok")
	for _, tc := range []struct {
		name string
		who  string // whose callback it is
		want []string
		set  func(m *dm.Module, inside func(u *user.User, from string))
		do   func(alice, bob *person)
	}{
		{"SetOnReceiveMessage", "bob", inLane, func(m *dm.Module, inside func(*user.User, string)) {
			m.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, from string, to *user.User) bool {
				inside(to, from)

				return true
			})
		}, func(*person, *person) {}},
		{"SetOnMessage", "bob", inLane, func(m *dm.Module, inside func(*user.User, string)) {
			m.SetOnMessage(func(_ uint8, _ uint16, _ []byte, from string, to *user.User) []byte {
				inside(to, from)

				return nil
			})
		}, func(*person, *person) {}},
		{"SetOnClearCache", "bob", inLane, func(m *dm.Module, inside func(*user.User, string)) {
			m.SetOnClearCache(func(gone string, stayer *user.User) { inside(stayer, gone) })
		}, func(alice, _ *person) { alice.node.dm.ClearCacheByUserID(alice.u, "bob", 2, 12, nil) }},
		{"SetOnUserDisconnect", "bob", inLane,
			func(m *dm.Module, inside func(*user.User, string)) {
				m.SetOnUserDisconnect(func(u *user.User, peer string) []byte {
					inside(u, peer)

					return nil
				})
			}, func(_, bob *person) { bob.quits() }},
		{"cb", "bob", free, func(*dm.Module, func(*user.User, string)) {}, nil},
	} {
		for _, at := range []int{0, 1} {
			t.Run(fmt.Sprint(tc.name, at), func(t *testing.T) {
				var ends []string
				done := make(chan struct{})
				var once sync.Once
				inCluster(t, 2, func(m *dm.Module) {
					done = make(chan struct{}) // of this bubble
					tc.set(m, func(u *user.User, from string) {
						if u.ID == tc.who && from == "alice" {
							once.Do(func() {
								ends = everything(m, u, from)
								close(done)
							})
						}
					})
				}, func(c *cluster) {
					alice, bob, carol := c.login("alice", 0), c.login("bob", at), c.login("carol", 1)
					outcome := make(chan error, 1)
					alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("hi"), func(err error) { outcome <- err })
					time.Sleep(time.Second)
					if tc.do != nil {
						tc.do(alice, bob)
					} else {
						bob.node.dm.SendMessageByUserID(bob.u, "alice", 2, 11, []byte("hi"), func(error) {
							ends = everything(bob.node.dm, bob.u, "alice")
							close(done)
						})
					}
					<-done
					if !slices.Equal(ends, tc.want) {
						t.Errorf("the calls ended with %q, want %q", ends, tc.want)
					}
					if err := <-outcome; err != nil && !errors.Is(err, dm.ErrReliableTimeout) { // the callback took long
						t.Error(err)
					}
					time.Sleep(10 * time.Second)
					carol.sends("alice", "still alive", nil)
					if !slices.Contains(alice.heard, "2.11 from inside") || !slices.Contains(carol.heard, "2.11 from inside") {
						t.Errorf("alice heard %q, carol %q", alice.heard, carol.heard)
					}
				})
			})
		}
	}
}

func TestTenThousandMessagesToACallbackThatTakesLong(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, _ string, to *user.User) bool {
			if to.ID == "bob" {
				time.Sleep(100 * time.Millisecond)
			}

			return true
		})
	}, func(c *cluster) {
		const senders, each = 20, 500
		bob, carol := c.login("bob", 1), c.login("carol", 1)
		outcomes := make([][]error, senders)
		var calls atomic.Int32
		var mu sync.Mutex
		for i := range senders {
			p := c.login(fmt.Sprint("s", i), i%2)
			outcomes[i] = make([]error, each)
			for n := range each {
				p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, []byte(fmt.Sprint(i, " ", n)), func(err error) {
					mu.Lock()
					defer mu.Unlock()
					outcomes[i][n] = err
					calls.Add(1)
				})
			}
		}
		time.Sleep(time.Second)
		if h := c.nodes[1].dm.Holds(); h.Arrived > 4096 {
			t.Errorf("%d messages wait for one user's callbacks", h.Arrived)
		}
		start := time.Now()
		c.login("dave", 0).sends("carol", "not delayed", nil)
		if took := time.Since(start); took > 10*time.Millisecond {
			t.Errorf("somebody else's message took %v", took)
		}
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if calls.Load() != senders*each {
			t.Errorf("%d callbacks, want %d", calls.Load(), senders*each)
		}
		heard := map[string]bool{}
		last := map[int]int{}
		for _, text := range bob.heard {
			var i, n int
			if _, err := fmt.Sscanf(text, "2.11 %d %d", &i, &n); err != nil {
				t.Fatal(err)
			}
			if before, ok := last[i]; heard[text] || ok && before >= n {
				t.Fatalf("%q came after %d", text, before)
			}
			heard[text], last[i] = true, n
		}
		kinds := map[string]int{}
		for i := range senders {
			for n, err := range outcomes[i] {
				kinds[describe(err)]++
				if was := heard[fmt.Sprintf("2.11 %d %d", i, n)]; was != (err == nil) && !errors.Is(err, dm.ErrReliableTimeout) {
					t.Errorf("%d %d: heard %v, outcome %v", i, n, was, err)
				}
			}
		}
		if kinds["ok"] == 0 || kinds["timeout"] == 0 || len(kinds) > 3 || len(kinds) == 3 && kinds["recipient busy"] == 0 {
			t.Errorf("outcomes %v", kinds)
		}
		carol.sends("bob", "and afterwards", nil)
	})
}

func TestACallbackThatNeverReturnsKeepsNobodyElseFromAnything(t *testing.T) {
	inStory(t, 3, func(s *story) {
		s.must("login alice n1", "login bob n2", "login carol n2", "farewell bob bye", "send alice bob one", "wait 10ms", "hold bob", "burst alice bob 3 m",
			"wait 10ms", "send alice carol hi", "send carol bob hello", "wait 10ms", "leave bob", "wait 1s")
		alice := s.live("alice")
		if ids := alice.channels(); ids != "carol@n2" {
			t.Errorf("bob has left, and alice has channels with %q", ids)
		}
		s.must("send alice bob gone", "wait 5s", "meanwhile login bob n3", "wait 1s", "send alice bob back", "wait 1s")
		if ids := alice.channels(); ids != "carol@n2" { // bob's callbacks are held everywhere
			t.Errorf("alice has channels with %q", ids)
		}
		s.must("release bob", "send alice bob again", "wait 1s")
		if l := s.letters[len(s.letters)-1]; len(l.outcomes) != 1 || l.outcomes[0] != nil {
			t.Errorf("the callbacks are free, and a message ends with %v", l.outcomes)
		}
	})
}

func TestOutcomesThatACallbackDoesNotTakeAreBounded(t *testing.T) {
	block := make(chan struct{})
	inCluster(t, 2, nil, func(c *cluster) {
		block = make(chan struct{}) // of this bubble
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		var calls, overloaded atomic.Int32
		const n = 20000
		var first sync.Once
		for i := range n {
			alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("x"), func(err error) {
				if errors.Is(err, dm.ErrOverloaded) {
					overloaded.Add(1)
				} else {
					first.Do(func() { <-block })
				}
				calls.Add(1)
			})
			if i%500 == 499 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		if h := alice.node.dm.Holds(); h.Calls > 4096+1024 || overloaded.Load() == 0 {
			t.Errorf("%d outcomes wait for a callback that blocks, %d messages were refused", h.Calls, overloaded.Load())
		}
		bob.sends("alice", "not delayed", nil)
		close(block)
		time.Sleep(time.Second)
		synctest.Wait()
		if calls.Load() != n {
			t.Errorf("%d callbacks, want %d", calls.Load(), n)
		}
		alice.sends("bob", "recovered", nil)
	})
}

func TestCallbacksThatPanicAreCountedAndCostNothingElse(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnUserDisconnect(func(*user.User, string) []byte { panic("farewell") })
		m.SetOnUserDisconnect(func(u *user.User, _ string) []byte { return []byte("bye from " + u.ID) })
		m.SetOnClearCache(func(string, *user.User) { panic("clear") })
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		for i := range 3 {
			alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte(fmt.Sprint(i+1)), func(error) { panic("outcome") })
		}
		time.Sleep(time.Second)
		bob.node.dm.ClearCacheByUserID(bob.u, "alice", 2, 11, nil)
		bob.hears("2.11 1", "2.11 2", "2.11 3")
		alice.sends("bob", "again", nil)
		alice.quits()
		bob.hears("2.11 again", "1.700 alice: bye from alice")
		if n := alice.node.dm.Stats().Panics; n != 5 { // three outcomes, a clear, a farewell
			t.Errorf("%d panics were counted, want 5", n)
		}
	})
}
