package mesh

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a Handler and a Watcher that notes what it is told, for tests that wait for it.
type recorder struct {
	answer func(from NodeID, packet []byte) []byte

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something is noted
	packets []string      // "from packet"
	finds   []string      // "from user packet"
	nobody  []uint64
	barrier []string
	lost    []string // paths, by node
	nodes   []string // "up name", "down name", "left name"
	kept    [][]byte
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) note(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) HandlePacket(from NodeID, packet []byte) {
	r.note(func() {
		r.packets = append(r.packets, from.Name+" "+string(packet))
		r.kept = append(r.kept, packet)
	})
}

func (r *recorder) HandleFind(from NodeID, userID string, packet []byte) {
	r.note(func() { r.finds = append(r.finds, from.Name+" "+userID+" "+string(packet)) })
}

func (r *recorder) HandleNobody(token uint64) { r.note(func() { r.nobody = append(r.nobody, token) }) }

func (r *recorder) HandleBarrier(from NodeID, packet []byte) []byte {
	r.note(func() { r.barrier = append(r.barrier, from.Name+" "+string(packet)) })
	if r.answer != nil {
		return r.answer(from, packet)
	}

	return append([]byte("seen "), packet...)
}

func (r *recorder) NodeUp(n NodeID) {
	r.note(func() { r.nodes = append(r.nodes, "up "+n.Name) })
}

func (r *recorder) NodeDown(n NodeID, graceful bool) {
	word := "down "
	if graceful {
		word = "left "
	}
	r.note(func() { r.nodes = append(r.nodes, word+n.Name) })
}

func (r *recorder) PathLost(n NodeID) {
	r.note(func() { r.lost = append(r.lost, n.Name) })
}

// await waits until cond holds; it is called with mu held.
func (r *recorder) await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		ok, changed := cond(), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			r.mu.Lock() // and for ever: the test is over
			t.Fatalf("waited in vain for: %s (packets %d, finds %d, nobody %d, nodes %s)",
				what, len(r.packets), len(r.finds), len(r.nobody), strings.Join(r.nodes, ", "))
		}
	}
}

func (r *recorder) awaitNode(t *testing.T, event string) {
	t.Helper()
	r.await(t, event, func() bool { return slices.Contains(r.nodes, event) })
}

func (r *recorder) events() []string {
	r.mu.Lock()
	defer r.mu.Unlock()

	return slices.Clone(r.nodes)
}

func (r *recorder) reset() {
	r.note(func() { r.packets, r.finds, r.nobody, r.nodes, r.barrier = nil, nil, nil, nil, nil })
}
