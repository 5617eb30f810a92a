package dive

import (
	"encoding/binary"

	"github.com/parley-dm/parley/internal/mesh"
)

// Find carries a packet to the node where the user is; there it is handed to Found. If it reaches nobody, Missed is called with
// the token. If the node dies on the way, nothing is heard. For a user who is active on this node Found is called before Find
// returns, on the caller's goroutine: the caller must not hold what Found needs. An error says that nothing was sent.
func (d *Directory) Find(userID string, packet []byte, token uint64) error {
	d.mu.Lock()
	e := d.entries[userID]
	here := e != nil && e.state == active
	d.mu.Unlock()
	if here {
		d.finder.Found(d.mesh.Self(), userID, packet)

		return nil
	}
	b := append(binary.BigEndian.AppendUint64(make([]byte, 0, uint64Size+len(packet)), token), packet...)

	return d.mesh.Find(userID, mesh.PortDirectory, b, token)
}

// arrive takes a find that reached this node.
func (d *Directory) arrive(userID string, f find, forwarded bool) {
	d.mu.Lock()
	e := d.entries[userID]
	switch {
	case e == nil:
	case e.state == active:
		d.mu.Unlock()
		d.finder.Found(f.from, userID, f.packet)

		return
	case e.state == moved:
		next := e.place.Node
		d.mu.Unlock()
		if forwarded || d.mesh.Send(next, mesh.PortDirectory, appendForward(nil, userID, f)) != nil {
			d.miss([]find{f})
		}

		return
	default:
		if e.queue == nil {
			e.queue = new(queue)
		}
		if e.queue.add(f) {
			d.mu.Unlock()

			return
		}
	}
	d.mu.Unlock()
	d.miss([]find{f})
}

// miss tells those who asked that their finds were not delivered, and that asking again makes sense.
func (d *Directory) miss(finds []find) {
	for _, f := range finds {
		if f.from == d.mesh.Self() {
			d.finder.Missed(f.token, Moved)
		} else {
			_ = d.mesh.Send(f.from, mesh.PortDirectory, appendNumber(packetMissed, f.token)) // it has left, or it will time out
		}
	}
}

// port is the Directory's face towards the mesh.
type port Directory

func (p *port) HandleFind(from mesh.NodeID, userID string, packet []byte) {
	if len(packet) < uint64Size {
		return
	}
	f := find{from: from, token: binary.BigEndian.Uint64(packet), packet: packet[uint64Size:]}
	(*Directory)(p).arrive(userID, f, false)
}

func (p *port) HandleNobody(token uint64) { p.finder.Missed(token, Nowhere) }

// HandleUncertain and HandleUnreachable make the port a mesh.Doubter.
func (p *port) HandleUncertain(token uint64)   { p.finder.Missed(token, Moved) }
func (p *port) HandleUnreachable(token uint64) { p.finder.Missed(token, OutOfReach) }

func (p *port) HandleBarrier(from mesh.NodeID, packet []byte) []byte {
	return (*Directory)(p).answer(from, packet)
}

func (p *port) HandlePacket(from mesh.NodeID, packet []byte) {
	if len(packet) == 0 {
		return
	}
	d := (*Directory)(p)
	switch packet[0] {
	case packetMissed:
		if len(packet) == 1+uint64Size {
			d.finder.Missed(binary.BigEndian.Uint64(packet[1:]), Moved)
		}
	case packetForward:
		if userID, f, err := parseForward(packet[1:]); err == nil {
			d.arrive(userID, f, true)
		}
	}
}

func (p *port) NodeUp(n mesh.NodeID)           { (*Directory)(p).meet(n) }
func (p *port) NodeDown(n mesh.NodeID, _ bool) { (*Directory)(p).forget(n) }

// PathLost changes nothing: the directory's packets go by the engine.
func (*port) PathLost(mesh.NodeID) {}
