package dive

import (
	"cmp"
	"context"
	"encoding/binary"

	"github.com/parley-dm/parley/internal/mesh"
)

// meet makes good what two nodes have not told each other before they met: a user may be claimed on both. They ask each other how many users
// they had at that moment (logins from then on tell the other by their barriers), and the one with fewer names them all. Questions that
// get lost are repeated, until one of the two is down: then there will be another time.
func (d *Directory) meet(n mesh.NodeID) {
	d.mu.Lock()
	mine := uint64(d.size)
	d.met[n] = mine
	d.mu.Unlock()
	if mine > 0 { // a node that has just started has none, and joining costs nothing
		go d.heal(n, mine)
	}
}

func (d *Directory) forget(n mesh.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.met, n)
}

// heal ends when all is told, or the other node is down, or the mesh stops.
func (d *Directory) heal(n mesh.NodeID, mine uint64) {
	theirs, err := d.ask(n, []byte{packetCount})
	if err != nil || len(theirs) != uint64Size {
		return
	}
	if cmp.Or(cmp.Compare(mine, binary.BigEndian.Uint64(theirs)), cmp.Compare(d.mesh.Self().Incarnation, n.Incarnation)) > 0 {
		return
	}
	claims := d.claims()
	packet := []byte{packetClaims}
	for i, w := range claims {
		packet = w.append(packet)
		if i < len(claims)-1 && len(packet)+claims[i+1].size() <= maxGroup {
			continue
		}
		newer, err := d.ask(n, packet)
		if err != nil {
			return
		}
		d.contest(n, newer)
		packet = packet[:1]
	}
}

func (d *Directory) ask(n mesh.NodeID, packet []byte) ([]byte, error) {
	return d.mesh.Ask(context.Background(), n, mesh.PortDirectory, packet)
}

// claims are all of this node.
func (d *Directory) claims() []wireClaim {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]wireClaim, 0, d.size)
	for user, e := range d.entries {
		if e.state != moved {
			all = append(all, e.wire(user))
		}
	}

	return all
}

// answer answers what another node asks or claims.
func (d *Directory) answer(from mesh.NodeID, packet []byte) []byte {
	if len(packet) == 1 && packet[0] == packetCount {
		d.mu.Lock()
		defer d.mu.Unlock()

		return binary.BigEndian.AppendUint64(nil, d.met[from])
	}
	answer := []byte{packetClaims}
	for _, w := range d.contest(from, packet) {
		answer = w.append(answer)
	}

	return answer
}
