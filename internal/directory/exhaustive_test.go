package directory

import (
	"flag"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/testkit"
)

var depth = flag.Int("depth", 3, "actions of TestAllShortHistoriesKeepThePromises beyond each beginning")

// beginnings are the states from which all histories are tried.
var beginnings = map[string]*plan{
	"settled":            {n: 3, mesh: true},
	"a session":          {n: 3, mesh: true, actions: []action{{kind: actLogin}, {kind: actDrain}}},
	"a login on its way": {n: 3, mesh: true, actions: []action{{kind: actLogin}, {kind: actDrain}, {kind: actLogin, a: 1}}},
	"a joiner": {n: 3, mesh: true, late: true, actions: []action{
		{kind: actLogin}, {kind: actDrain}, {kind: actConnect, a: 0, b: 2}, {kind: actConnect, a: 1, b: 2}, {kind: actDrain}, {kind: actEnter, a: 2},
	}},
	"a link that one side has given up": {n: 3, mesh: true, actions: []action{
		{kind: actLogin}, {kind: actDrain}, {kind: actSuspend, a: 0, b: 1}, {kind: actEnd, a: 1, b: 0},
	}},
	"a pause": {n: 3, mesh: true, actions: []action{{kind: actLogin}, {kind: actDrain}, {kind: actPause}, {kind: actEnd, a: 1}, {kind: actEnd, a: 2}}},
}

// TestAllShortHistoriesKeepThePromises tries every interleaving of every action up to a depth.
// States that are alike, but for the values of stamps and SIDs, are tried once.
func TestAllShortHistoriesKeepThePromises(t *testing.T) {
	most := *depth
	if testkit.Race || testing.Short() {
		most = min(most, 2)
	}
	all := everyAction(3)
	for name, start := range beginnings {
		t.Run(name, func(t *testing.T) {
			seen := map[uint64]bool{}
			frontier := [][]action{start.actions}
			histories := 0
			for range most {
				var next [][]action
				for _, path := range frontier {
					for _, a := range all {
						p := *start
						p.off, p.actions = "none", append(slices.Clone(path), a)
						w := p.world()
						ok := true
						for _, x := range p.actions {
							ok = w.do(x) && ok
						}
						if !ok {
							continue
						}
						histories++
						state := w.fingerprint()
						if seen[state] {
							continue
						}
						seen[state] = true
						w.final()
						if w.bad != "" {
							t.Fatal(p.trace())
						}
						next = append(next, p.actions)
					}
				}
				frontier = next
			}
			t.Logf("%d actions deep: %d histories, %d states", most, histories, len(seen))
		})
	}
}

// everyAction lists the actions of a world with that many nodes; the pair of an action on a link
// goes both ways.
func everyAction(n int) (all []action) {
	for k := range actionKinds {
		for a := range n {
			switch k {
			case actDeliver, actEnd, actSuspend, actResume, actConnect:
				for b := range n {
					if a != b && (k != actConnect || a < b) {
						all = append(all, action{kind: k, a: a, b: b})
					}
				}
			case actLogin, actLogout, actLookup, actAbandon:
				all = append(all, action{kind: k, a: a}, action{kind: k, a: a, u: 1})
			case actWork, actEvict, actCrash, actEnter, actForm, actPause, actWake:
				all = append(all, action{kind: k, a: a})
			default: // cuts matter at the end only, drain is several actions
			}
		}
	}

	return all
}

var seedOfPrints = maphash.MakeSeed()

// fingerprint is equal for states that will do the same: stamps count by their order, SIDs by their
// first place.
func (w *world) fingerprint() uint64 {
	p := printer{sids: make(map[node.SID]int)}
	p.world(w) // collects the stamps
	slices.Sort(p.stamps)
	p.stamps = slices.Compact(p.stamps)
	p.ranked = true
	p.b.Reset()
	p.world(w)

	return maphash.String(seedOfPrints, p.b.String())
}

type printer struct {
	b      strings.Builder
	stamps []uint64
	sids   map[node.SID]int
	ranked bool
}

func (p *printer) stamp(s uint64) int {
	if !p.ranked {
		p.stamps = append(p.stamps, s)

		return 0
	}
	i, _ := slices.BinarySearch(p.stamps, s)

	return i
}

func (p *printer) sid(s node.SID) int {
	if _, ok := p.sids[s]; !ok {
		p.sids[s] = len(p.sids) + 1
	}

	return p.sids[s]
}

func (p *printer) peer(x *peer) string {
	if x == nil {
		return "-"
	}
	if x.gone {
		return "gone"
	}

	return x.id.Name
}

func (p *printer) add(args ...any) { fmt.Fprintln(&p.b, args...) }

func (p *printer) world(w *world) {
	for i, h := range w.nodes {
		p.add(h.id, h.member, h.age, h.paused, h.owed, len(h.seeks), p.stamp(h.hlc))
		p.core(h.core, w.users)
		for _, e := range h.evicts {
			p.add("evict", p.sid(e.session.sid), p.sid(e.place.SID))
		}
		for j := range w.n {
			s := &w.sides[i][j]
			p.add(s.state, s.peer, s.told, s.list)
			for _, x := range w.queue[i][j] {
				p.parcel(x)
			}
		}
	}
}

func (p *printer) parcel(x parcel) {
	if x.packet == nil {
		p.add(x.member, x.list)

		return
	}
	var m message
	for rest, err := x.packet[1:], error(nil); len(rest) > 0 && err == nil; {
		if rest, err = m.decode(kind(x.packet[0]), rest); err == nil {
			p.add(m.kind, m.again, m.num, m.echo, m.view, p.stamp(uint64(m.stamp)), p.sid(m.sid), m.user, m.next, p.sid(m.at))
		}
	}
}

func (p *printer) core(c *core, users []string) {
	p.add(c.num, c.view, c.life, c.agree, c.undecided, c.reclaiming)
	j := &c.jobs
	p.add(j.registering, len(j.orphans), len(j.entered), j.all, j.asks, j.reclaim, j.renew, j.retry, len(j.unregister), len(j.scans), len(j.dead))
	p.add(c.requests.cursor != nil, c.requests.again, c.asked.cursor != nil)
	for _, id := range sortedPeers(c) {
		x := c.peers[id]
		p.add(id, x.member, x.joiner, x.ahead, x.seen, x.said, len(x.sessions), len(x.early))
	}
	for _, u := range users {
		p.add(u, p.stamp(uint64(c.floors[u])))
		for s := c.sessions[u]; s != nil; s = s.x.older {
			p.add("session", p.sid(s.sid), p.stamp(uint64(s.stamp)), p.peer(s.owner), s.num, s.life, s.state, s.again, s.registered)
			if s.x == nil {
				break
			}
			p.add(len(s.x.askers))
		}
		for e := c.index[u]; e != nil; e = e.next {
			p.add("entry", p.peer(e.holder), p.sid(e.sid), p.stamp(uint64(e.stamp)), e.eviction)
		}
		if q := c.waits[u]; q != nil {
			for _, r := range q.claims {
				p.add("claim", p.peer(r.from), p.sid(r.sid), p.stamp(uint64(r.stamp)), r.view, r.num, r.again)
			}
			for e := q.lookups.first; e != nil; e = e.next {
				r := e.of
				p.add("lookup", p.peer(r.from), r.view, r.num)
			}
		}
	}
	for e := c.asked.first; e != nil; e = e.next {
		p.add("asked", e.of.user, e.of.num)
	}
}

func sortedPeers(c *core) []node.ID {
	ids := make([]node.ID, 0, len(c.peers))
	for id := range c.peers {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, node.ID.Compare)

	return ids
}
