package runtime

import (
	"sort"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/user"
)

// Channel is an open channel of a user.
type Channel struct {
	Peer string
	At   core.Place // nowhere: it must be looked up anew
	Used int64      // when something last passed, in Unix nanoseconds
}

// Channels lists the channels that a user of this node has, by the peer's user ID.
func (m *Runtime) Channels(u *user.User) (list []Channel) {
	if u == nil {
		return nil
	}
	s := m.lockOf(u)
	if s == nil {
		return nil
	}
	for _, c := range s.core.Conversations() {
		if c.Open() {
			list = append(list, Channel{Peer: c.Peer(), At: c.Place(), Used: c.Used()})
		}
	}
	s.endEvent()
	sort.Slice(list, func(i, j int) bool { return list[i].Peer < list[j].Peer })

	return list
}

// Holdings is what a runtime remembers and keeps waiting, for tests.
type Holdings struct {
	Sessions, Channels, Lookups, Pending, Closed, Watched int
	Items, Bytes                                          int // of messages without an outcome
	Arrived, ArrivedBytes                                 int // not seen by the callbacks yet
	Calls                                                 int // outcomes that callbacks have not been told
}

func (h *Holdings) add(s *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.Channels += s.core.Channels()
	h.Items += s.core.Waiting()
	h.Bytes += s.core.Bytes()
	h.ArrivedBytes += int(s.inboxBytes.Load())
	h.Arrived += int(s.inboxWaiting.Load())
	h.Calls += s.calls.Waiting()
}

// Holds counts what the runtime holds now. It looks at all sessions.
func (m *Runtime) Holds() Holdings {
	h := Holdings{
		Sessions: m.bySID.Size(), Lookups: m.lookups.Size(), Pending: m.pendingHandovers.Size(), Closed: m.closedEpochs.Size(),
	}
	m.sweep.mu.Lock()
	h.Watched = len(m.sweep.watched)
	m.sweep.mu.Unlock()
	m.bySID.Range(func(_ core.SID, s *session) bool {
		h.add(s)

		return true
	})

	return h
}

// Remains returns a function that counts what the sessions of now hold when it is called, even if
// the runtime has forgotten them.
func (m *Runtime) Remains() func() Holdings {
	var all []*session
	m.bySID.Range(func(_ core.SID, s *session) bool {
		all = append(all, s)

		return true
	})

	return func() (h Holdings) {
		for _, s := range all {
			h.add(s)
		}

		return h
	}
}
