package dm_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// story is a cluster in which things happen that a script or a random history tells of, and
// every event that a user observes is recorded. The recorded events are checked against the
// promises: see check.
type story struct {
	*cluster

	settings dm.Settings
	loud     bool // callbacks are written down too
	history  bool // times and names do not matter: nothing is written down

	calm calm
	lost map[*node]bool    // those without their engine
	cuts map[[2]*node]bool // those that cannot hear each other

	mu       sync.Mutex
	count    int                         // guarded by mu; of things that happened
	letters  []*letter                   // guarded by mu
	byText   map[string]*letter          // guarded by mu
	sessions []*session                  // guarded by mu
	bySID    map[string]*session         // guarded by mu
	manners  map[string]*manner          // guarded by mu; by user
	blanks   map[string]*session         // guarded by mu
	delays   map[[2]string]time.Duration // guarded by mu
	jitter   time.Duration               // guarded by mu
	lag      time.Duration               // guarded by mu
	rng      *rand.Rand                  // guarded by mu
	lines    []line                      // guarded by mu; not printed yet
	wrong    []string                    // guarded by mu; what must never happen

	meanwhile sync.WaitGroup
}

// session is one login of a user, or a user without a client.
type session struct {
	*person

	sending sync.Mutex // held from a letter's number to the end of the call that sends it

	label string
	began int // guarded by story.mu; story.count when it was welcomed
	ended int // guarded by story.mu; story.count when it was over
}

// manner is how a user's callbacks and client behave.
type manner struct {
	gates    map[string]chan struct{} // by the kind of callback that is held
	act      string                   // decline, empty, rewrite, panic
	farewell string
}

// line is an event that a user observed. The lines of one paragraph are sorted by the observing
// user: what happens to several users at the same moment has no order.
type line struct {
	who   string
	class int
	n     int
	text  string
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{
		settings: dm.DefaultSettings(), lost: map[*node]bool{}, cuts: map[[2]*node]bool{},
		byText: map[string]*letter{}, bySID: map[string]*session{}, manners: map[string]*manner{}, blanks: map[string]*session{},
		delays: map[[2]string]time.Duration{}, rng: rand.New(rand.NewPCG(1, 1)),
	}
	s.cluster = newCluster(t, s.delay)
	s.pause = s.lags

	return s
}

// lags takes a random part of the lag: so goroutines meet in other orders than on a machine with
// nothing else to do.
func (s *story) lags() {
	s.mu.Lock()
	var d time.Duration
	if s.lag > 0 {
		d = time.Duration(s.rng.Int64N(int64(s.lag)))
	}
	s.mu.Unlock()
	if d > 0 {
		time.Sleep(d)
	}
}

func (s *story) delay(from, to string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.delays[[2]string{from, to}]
	if !ok {
		d = time.Millisecond
	}
	if s.jitter > 0 {
		d += time.Duration(s.rng.Int64N(int64(s.jitter)))
	}

	return d
}

// begin starts a node of that name: the callbacks behave as their users' manners say.
func (s *story) begin(name string) {
	s.startAs(name, func(nd *node) {
		configure(nd.dm, s.settings)
		nd.dm.SetOnReceiveMessage(func(ver uint8, cmd uint16, msg []byte, from string, to *user.User) bool {
			return s.receives(nd, ver, cmd, string(msg), from, to)
		})
		nd.dm.SetOnMessage(func(_ uint8, _ uint16, msg []byte, from string, to *user.User) []byte {
			return s.rewrites(nd, string(msg), from, to)
		})
		nd.dm.SetOnUserDisconnect(func(u *user.User, peer string) []byte { return s.farewell(nd, u, peer) })
		nd.dm.SetOnClearCache(func(gone string, stayer *user.User) { s.cleared(nd, gone, stayer) })
	})
}

// notef records an event and its observer, a user or node.
func (s *story) notef(who string, class, n int, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteLockedf(who, class, n, format, args...)
}

func (s *story) noteLockedf(who string, class, n int, format string, args ...any) {
	s.count++
	if s.history {
		return
	}
	if n == 0 {
		n = s.count
	}
	s.lines = append(s.lines, line{who, class, n, fmt.Sprintf(format, args...)})
}

// told returns what was noticed since the last time.
func (s *story) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.lines, func(a, b line) int {
		switch {
		case a.who != b.who:
			return strings.Compare(a.who, b.who)
		case a.class != b.class:
			return a.class - b.class
		}

		return a.n - b.n
	})
	var out strings.Builder
	for _, l := range s.lines {
		out.WriteString(l.text + "\n")
	}
	s.lines = nil

	return out.String()
}

func (s *story) wrongf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// live is the newest session of a user that is not over.
func (s *story) live(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.blanks[id]; b != nil {
		return b
	}

	return s.liveLocked(id)
}

func (s *story) liveLocked(id string) (newest *session) {
	for _, x := range s.sessions {
		if x.id == id && x.began > 0 && x.ended == 0 && !x.node.crashed.Load() && (newest == nil || x.stamp > newest.stamp) {
			newest = x
		}
	}

	return newest
}

// users lists all users that ever logged in.
func (s *story) users() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := map[string]bool{}
	for _, x := range s.sessions {
		ids[x.id] = true
	}

	return slices.Sorted(maps.Keys(ids))
}

func (s *story) node(name string) *node {
	s.growing.Lock()
	defer s.growing.Unlock()
	for _, nd := range slices.Backward(s.nodes) {
		if nd.name == name && !nd.crashed.Load() {
			return nd
		}
	}

	return nil
}

func (s *story) session(u *user.User) *session {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.bySID[u.SID]
}

// login connects a user; it returns when it is welcome or refused.
func (s *story) loginAt(id string, nd *node) {
	p := nd.connects(id)
	x := &session{person: p, label: id + "@" + nd.name}
	s.mu.Lock()
	for _, older := range s.sessions {
		if older.id == id && older.node.name == nd.name {
			x.label += "'"
		}
	}
	s.sessions = append(s.sessions, x)
	s.bySID[p.u.SID] = x
	s.mu.Unlock()
	p.told = func(text string) { s.hears(x, text) }
	p.ended = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count++
		x.ended = s.count
		if !nd.crashed.Load() {
			s.noteLockedf(x.label, 1, 0, "%s gets goodbye %s", x.label, p.closed)
		}
	}
	err := nd.admit(s.t.Context(), p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if err == nil {
		x.began = s.count

		return
	}
	x.ended = s.count
	s.noteLockedf(x.label, 1, 0, "%s is not welcome: %v", x.label, err)
}

// rest lets everything happen that is on its way.
func rest(d time.Duration) {
	synctest.Wait()
	time.Sleep(d)
	synctest.Wait()
}
