package directory

import (
	"log/slog"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// View is what a node sees as the cluster.
type View struct {
	Members []node.ID // sorted by node.ID.Compare, this node included; empty: this node is not in the cluster
}

// The events of package cluster come one at a time for each node; those of the view one at a time.

// NodeLinked says that there is a link to a node that has not entered: what it will own is
// registered with it ahead.
func (d *Directory) NodeLinked(n node.ID) {
	d.mu.Lock()
	d.core.linked(n)
	d.endEvent()
}

// ViewChanged says that the members are others.
func (d *Directory) ViewChanged(v View) {
	d.mu.Lock()
	d.core.viewChanged(v.Members)
	d.endEvent()
}

// NodeDown says that the link to n has ended, and that the members are now those of v. Both take
// effect in one step.
func (d *Directory) NodeDown(n node.ID, v View) {
	d.mu.Lock()
	d.core.nodeDown(n, v.Members)
	d.endEvent()
}

// HandlePacket handles a packet of another node. It does not block, and keeps nothing of the
// packet.
func (d *Directory) HandlePacket(from node.ID, packet []byte) {
	d.mu.Lock()
	err := d.core.packet(from, packet)
	loud := false
	if err != nil {
		d.malformed++
		if now := time.Now(); now.Sub(d.complained) > time.Minute {
			d.complained, loud = now, true
		}
	}
	d.endEvent()
	if loud {
		d.log.Warn("malformed directory packet", slog.String("from", from.String()), slog.Int("bytes", len(packet)))
	}
}

// Resumed says that the lease of this node may hold again: what waits for it is looked at.
func (d *Directory) Resumed() {
	d.mu.Lock()
	d.core.recheck()
	d.endEvent()
}

// Paused says that this process did not run for some time. It comes after NodeDown for all nodes
// and an empty view. The sessions are claimed again, with their old stamps, as soon as there is a
// view.
func (d *Directory) Paused() {
	d.mu.Lock()
	d.core.paused()
	d.endEvent()
}
