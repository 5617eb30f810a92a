package parley

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

func TestASessionIsFoundAtEveryMomentOfItsLife(t *testing.T) {
	const lives, lookers = 10, 4
	s := &Server{users: user.NewRegistry(), inTransition: xsync.NewMap[node.SID, *user.User]()}
	var living atomic.Pointer[node.SID] // from when its login has begun until its farewell ends
	var over atomic.Bool
	var missed atomic.Int64
	var all sync.WaitGroup
	for range lookers {
		all.Go(func() {
			for !over.Load() {
				if sid := living.Load(); sid != nil && s.find(*sid) == nil && living.Load() == sid {
					missed.Add(1)
				}
			}
		})
	}
	for range lives {
		u := sessions.New(s.users, "alice", user.NewSID(), nil)
		sid := sessions.Of(u).SID()
		s.inTransition.Store(sid, u)
		living.Store(&sid)
		runtime.Gosched() // the others look, and one of them may be interrupted between two looks
		sessions.Add(s.users, u)
		s.inTransition.Delete(sid)
		runtime.Gosched()
		s.inTransition.Store(sid, u)
		sessions.Remove(s.users, u)
		living.Store(nil)
		s.inTransition.Delete(sid)
	}
	over.Store(true)
	all.Wait()
	if n := missed.Load(); n > 0 {
		t.Errorf("missed %d times in %d lives", n, lives)
	}
}

func TestWhatASessionIsToldAtTheEndOfItsLoginIsNotLeft(t *testing.T) {
	const logins = 20_000
	s := &Server{users: user.NewRegistry(), inTransition: xsync.NewMap[node.SID, *user.User]()}
	told := make(chan []byte)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for packet := range told {
			s.handlePredecessor(node.ID{}, packet)
			heard <- struct{}{}
		}
	}()
	for range logins {
		u := sessions.New(s.users, "alice", user.NewSID(), nil)
		sid, older := sessions.Of(u).SID(), node.SID{1}
		s.inTransition.Store(sid, u)
		sessions.Add(s.users, u)
		told <- append(sid[:], older[:]...)
		s.settle(u, sid)
		<-heard
		sessions.Remove(s.users, u)
	}
	close(told)
	<-heard
	s.serving.Wait()
	if n := len(s.predecessors.waiting); n > 0 {
		t.Errorf("%d of %d sessions were not given what they were told", n, logins)
	}
}
