package demopage

// Modes of a page.
const (
	ModeCluster = "cluster" // the page's server runs the nodes: it can kill them
	ModeNode    = "node"    // the page's server is the node
)

// States of a node.
const (
	Up       = "up"
	Starting = "starting"
	Down     = "down"
)

// State is what the page draws.
type State struct {
	Mode  string      `json:"mode"`
	Nodes []Node      `json:"nodes"`
	Links [][2]string `json:"links"` // names of nodes that are linked, each pair once
	Join  Join        `json:"join"`
}

// Join is where a further user opens the page.
type Join struct {
	URL   string `json:"url"`
	Local bool   `json:"local"` // only this machine reaches it
}

// Node is a node of the cluster.
type Node struct {
	Name  string `json:"name"`
	State string `json:"state"`
	// WebSocket is where clients connect, relative to the page's address.
	WebSocket string `json:"ws"`
	Users     []User `json:"users"`
	More      int    `json:"more"` // users beyond those listed
	// Visitor: the node was not started by the page's server, which knows its name only.
	Visitor bool `json:"visitor,omitempty"`
}

// User is a user who is connected to a node.
type User struct {
	ID        string `json:"id"`
	Transport string `json:"transport"`
	Addr      string `json:"addr,omitempty"` // of its client
	Stalled   bool   `json:"stalled,omitempty"`
}

// Ways of a message.
const (
	Local  = "local"  // the recipient is on the sender's node
	Lookup = "lookup" // the directory was asked for the recipient's node
	Link   = "link"   // directly over the link to the recipient's node, which the sender's node remembers
)

// Message is a message that has its outcome, as the sender's node saw it.
type Message struct {
	Kind    string `json:"kind"` // message, connect
	From    string `json:"from"`
	To      string `json:"to"`
	Via     string `json:"via"`             // the sender's node
	Owner   string `json:"owner,omitempty"` // the node that was asked for the recipient's place
	At      string `json:"at,omitempty"`    // the recipient's node, if it is known
	Way     string `json:"way"`
	Micros  int64  `json:"us"` // from its sending to its outcome
	Outcome string `json:"outcome"`
	Bytes   int    `json:"bytes"`
}

// Caption is a sentence about what happens at the moment: a step of the tour.
type Caption struct {
	Step  int    `json:"step,omitempty"`
	Steps int    `json:"steps,omitempty"`
	Text  string `json:"text"` // empty: there is nothing to say any more
}

// Report is what a node tells of itself. Fields that have not changed are absent.
type Report struct {
	Users    *Users    `json:"users,omitempty"`
	View     []string  `json:"view,omitempty"` // names of the members that the node sees, itself included
	Messages []Message `json:"messages,omitempty"`
	Left     int       `json:"left,omitempty"` // messages that are not reported
}

// Users are the users of a node.
type Users struct {
	List []User `json:"list"`
	More int    `json:"more,omitempty"`
}
