package dive

import (
	"cmp"

	"github.com/parley-dm/parley/internal/mesh"
)

// offer is what two nodes that have met told each other: how many users are claimed on each. The one with fewer
// names them all, so that a user who is claimed on both stays on one. A node that has just started has none, so
// joining costs nothing.
type offer struct {
	mine, theirs uint64
	heard        bool // theirs is known
}

// offerTo begins the exchange with a node that was met. Logins from now on tell it by their barriers.
func (d *Directory) offerTo(n mesh.NodeID) {
	d.mu.Lock()
	o := &offer{mine: uint64(d.size)}
	d.offers[n] = o
	d.mu.Unlock()
	_ = d.mesh.Send(n, mesh.PortDirectory, appendNumber(packetOffer, o.mine)) // down again: there will be another time
}

func (d *Directory) forget(n mesh.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.offers, n)
}

func (d *Directory) onOffer(from mesh.NodeID, theirs uint64) {
	d.mu.Lock()
	o := d.offers[from]
	if o == nil || o.heard {
		d.mu.Unlock()

		return
	}
	o.theirs, o.heard = theirs, true
	self := d.mesh.Self()
	var claims []wireClaim
	if cmp.Or(cmp.Compare(o.mine, o.theirs), cmp.Compare(self.Incarnation, from.Incarnation)) < 0 && o.mine > 0 {
		claims = make([]wireClaim, 0, d.size)
		for user, e := range d.entries {
			if e.state != moved {
				claims = append(claims, wireClaim{user: user, sid: e.place.SID, stamp: e.place.Stamp})
			}
		}
	}
	d.mu.Unlock()
	d.tellClaims(from, claims)
}

// tellClaims sends claims of this node to another, which evicts its older ones and tells its newer ones.
func (d *Directory) tellClaims(to mesh.NodeID, claims []wireClaim) {
	packet := []byte{packetClaims}
	for i, w := range claims {
		packet = w.append(packet)
		last := i == len(claims)-1
		if last || len(packet)+claims[i+1].size() > maxGroup {
			_ = d.mesh.Send(to, mesh.PortDirectory, packet) // down again: there will be another time
			packet = packet[:1]
		}
	}
}
