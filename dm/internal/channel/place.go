package channel

// Node is one life of one node: a name and a random incarnation.
type Node struct {
	Name        string
	Incarnation uint64
}

// SID is a session's ID: 128 bits.
type SID [16]byte

// Place is where a user is: a session on a node. The zero Place is nowhere.
type Place struct {
	Node Node
	SID  SID
}

// Known tells whether p is somewhere.
func (p Place) Known() bool { return p.Node.Incarnation != 0 }
