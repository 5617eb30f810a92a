package directory

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/testkit"
)

// sink is Links that counts what is sent, and keeps the last packet.
type sink struct {
	self node.ID
	sent int
	last []byte
}

func (s *sink) Self() node.ID { return s.self }
func (s *sink) Send(_ node.ID, packet []byte) error {
	s.sent++
	s.last = append(s.last[:0], packet...)

	return nil
}
func (s *sink) Leased() bool { return true }

// solo is a directory in a settled view of two nodes, of which the other one is not there.
func solo(tb testing.TB) (*Directory, *sink, node.ID) {
	tb.Helper()
	s := &sink{self: node.ID{Name: "a", Incarnation: 1}}
	other := node.ID{Name: "b", Incarnation: 2}
	d := New(s, &node.Clock{}, Options{})
	d.ViewChanged(View{Members: []node.ID{s.self, other}})
	said := message{kind: kindAnnounce, num: 1, echo: d.core.num, view: d.core.view}
	d.HandlePacket(other, said.append([]byte{byte(kindAnnounce)}))
	if !d.Stats().Settled {
		tb.Fatal("not settled")
	}

	return d, s, other
}

// userOf is a user ID that the node owns.
func userOf(d *Directory, owner node.ID, prefix string) string {
	for i := 0; ; i++ {
		if u := fmt.Sprint(prefix, i); d.core.ownerOf(hashUser(u)).id == owner {
			return u
		}
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	if testkit.Race {
		t.Skip("the race detector allocates")
	}
	d, s, other := solo(t)
	d.ticking = true // no timer
	far, here := userOf(d, other, "far"), userOf(d, s.self, "here")
	token := uint64(0)
	answer := message{kind: kindFound, next: other, at: sidOf(1)}
	packet := answer.append([]byte{byte(kindFound)})
	if n := testing.AllocsPerRun(1000, func() {
		token++
		d.Lookup(far, token)
		binary.BigEndian.PutUint64(packet[1:], token)
		d.HandlePacket(other, packet)
	}); n > 0 {
		t.Errorf("a lookup at another owner: %v allocations", n)
	}
	if n := testing.AllocsPerRun(1000, func() { token++; d.Lookup(here, token) }); n > 0 {
		t.Errorf("a lookup at this owner: %v allocations", n)
	}
	ask := message{kind: kindLookup, token: 1, num: 1, view: d.core.view, user: here}
	asked := ask.append([]byte{byte(kindLookup)})
	if n := testing.AllocsPerRun(1000, func() { d.HandlePacket(other, asked) }); n > 0 {
		t.Errorf("answering a lookup: %v allocations", n)
	}
	if len(d.core.lookups) > 0 {
		t.Error(len(d.core.lookups))
	}
}

// logIn does a claim at another owner, as holder.
func logIn(tb testing.TB, d *Directory, s *sink, other node.ID, user string, sid node.SID) {
	tb.Helper()
	c := &call{done: make(chan struct{})}
	d.mu.Lock()
	d.core.claim(user, sid, d.clock.Now(), c)
	d.core.finish()
	d.endEvent()
	var m message
	if _, err := m.decode(kindClaim, s.last[1:]); err != nil {
		tb.Fatal(err)
	}
	m.kind = kindConfirm
	var buf [256]byte
	d.HandlePacket(other, m.append(append(buf[:0], byte(kindConfirm))))
	<-c.done
}

func TestALoginAllocatesLittle(t *testing.T) {
	if testkit.Race {
		t.Skip("the race detector allocates")
	}
	d, s, other := solo(t)
	far := userOf(d, other, "far")
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		i++
		logIn(t, d, s, other, far, sidOf(i))
		d.Release(far, sidOf(i), 0)
	}); n > 5 {
		t.Errorf("the holder: %v allocations", n)
	}
	here := userOf(d, s.self, "here")
	claim := message{kind: kindClaim, num: 1, view: d.core.view, sid: sidOf(1), user: here}
	packet := claim.append([]byte{byte(kindClaim)})
	over := message{kind: kindUnregister, sid: sidOf(1), user: here}
	end := over.append([]byte{byte(kindUnregister)})
	if n := testing.AllocsPerRun(1000, func() {
		d.HandlePacket(other, packet)
		d.HandlePacket(other, end)
	}); n > 2 {
		t.Errorf("the owner: %v allocations", n)
	}
	if st := d.Stats(); st.Entries != 0 || st.Waiting != 0 {
		t.Errorf("%+v", st)
	}
}

const (
	bytesAnEntry  = 160 // for user IDs of 12 bytes; doc.go names what is measured
	bytesASession = 200 // without the user ID, which the session shares with the layer above
)

func TestEntriesAndSessionsTakeLittleMemory(t *testing.T) {
	if testkit.Race {
		t.Skip("the race detector takes memory")
	}
	const users = 500_000
	ids := make([]string, users)
	for i := range ids {
		ids[i] = fmt.Sprintf("user%08d", i)
	}
	d, _, other := solo(t)
	before := testkit.Heap()
	var packet []byte
	for i := range ids {
		m := message{kind: kindRegister, sid: sidOf(i + 1), stamp: 1, user: ids[i]}
		if len(packet) == 0 {
			packet = append(packet, byte(kindRegister))
		}
		if packet = m.append(packet); len(packet) > maxBatch || i == users-1 {
			d.HandlePacket(other, packet)
			packet = packet[:0]
		}
	}
	entry := float64(testkit.Heap()-before) / users
	if st := d.Stats(); st.Entries != users {
		t.Fatalf("%+v", st)
	}
	t.Logf("%.0f bytes an entry", entry)
	d, s, other := solo(t)
	before = testkit.Heap()
	far := 0
	for i, id := range ids {
		if d.core.ownerOf(hashUser(id)).id == other {
			logIn(t, d, s, other, id, sidOf(i+1))
			far++
		}
	}
	session := float64(testkit.Heap()-before) / float64(far)
	t.Logf("%.0f bytes a session", session)
	if entry > bytesAnEntry || session > bytesASession {
		t.Error("more than doc.go says")
	}
	runtime.KeepAlive(ids)
	runtime.KeepAlive(d)
}

func BenchmarkLoginHolder(b *testing.B) {
	d, s, other := solo(b)
	far := userOf(d, other, "far")
	b.ReportAllocs()
	for i := range b.N {
		logIn(b, d, s, other, far, sidOf(i|1))
		d.Release(far, sidOf(i|1), 0)
	}
}

func BenchmarkLoginOwner(b *testing.B) {
	d, s, other := solo(b)
	here := userOf(d, s.self, "here")
	claim := message{kind: kindClaim, num: 1, view: d.core.view, sid: sidOf(1), user: here}
	packet := claim.append([]byte{byte(kindClaim)})
	over := message{kind: kindUnregister, sid: sidOf(1), user: here}
	end := over.append([]byte{byte(kindUnregister)})
	b.ReportAllocs()
	for range b.N {
		d.HandlePacket(other, packet)
		d.HandlePacket(other, end)
	}
}

func BenchmarkLoginLocal(b *testing.B) {
	d, s, _ := solo(b)
	here := userOf(d, s.self, "here")
	b.ReportAllocs()
	for i := range b.N {
		if _, err := d.Claim(context.Background(), here, sidOf(i|1), 0); err != nil {
			b.Fatal(err)
		}
		d.Release(here, sidOf(i|1), 0)
	}
}

func BenchmarkLookupOwner(b *testing.B) {
	d, s, other := solo(b)
	ask := message{kind: kindLookup, token: 1, num: 1, view: d.core.view, user: userOf(d, s.self, "here")}
	packet := ask.append([]byte{byte(kindLookup)})
	b.ReportAllocs()
	for range b.N {
		d.HandlePacket(other, packet)
	}
}

func BenchmarkOwnerOf200Members(b *testing.B) {
	c := newCore(node.ID{Name: "a", Incarnation: 1}, nil, 1, 1)
	for i := range 200 {
		c.members = append(c.members, newPeer(node.ID{Name: "b", Incarnation: uint64(i + 2)}))
	}
	for i := range b.N {
		c.ownerOf(uint64(i))
	}
}
