package mesh

import "context"

// engine is what a member asks of whatever carries its packets: NATS, or a Memory network.
//
// All that one node gives to its engine (holds, releases and packets) reaches any other node in the
// order in which it was given: what another node hears from us stands behind our interest. Barrier and
// joining rest on this. None of the methods waits for another node, but for open.
type engine interface {
	// open connects. From then on packets are handed to up.
	open(ctx context.Context, up receiver) error
	// close lets go of everything. When it returns, nothing is handed to the receiver any more.
	close(ctx context.Context)
	// connected tells whether the engine is there at all.
	connected() bool
	// expects tells what kind of company a node that joins should wait for, and names it, for a line that says that nobody was there.
	expects() (what company, who string)
	// maxPacket is the length of the longest packet, header included.
	maxPacket() int

	// reaches tells whether the ways to n other nodes are there.
	reaches(n int) bool

	toNode(to uint64, packet []byte) error
	toAll(packet []byte) error
	toHolder(userID string, port Port, token uint64, packet []byte) error
	// probe is toNode, and tells the receiver (onNobody) if nothing that is sent to that node gets anywhere.
	probe(to uint64, port Port, token uint64, packet []byte) error
	holds(userID string) bool
	hold(userID string) error
	release(userID string)

	// pass waits while the node is frozen, which only a Memory network can do to a node.
	pass()
}

// receiver is what an engine hands packets to; a member is one. The data are the receiver's only
// until the method returns. Packets of one node that came by toNode are handed over one after another.
type receiver interface {
	onNode(packet []byte)
	onAll(packet []byte)
	onFind(userID string, packet []byte)
	onNobody(port Port, token uint64)
	// onLost and onBack tell of the engine itself.
	onLost()
	onBack()
}

// company is whom a node that joins can expect to meet.
type company uint8

const (
	companyNone    company = iota // nobody: it is alone until others find it
	companyPerhaps                // perhaps nobody: whoever is there is heard within a beat
	companySurely                 // somebody: it was told whom to join
)
