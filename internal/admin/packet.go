package admin

import (
	"encoding/binary"
	"encoding/json"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
)

// The kinds of packets.
const (
	kindRequest byte = 1
	kindAnswer  byte = 2
	kindProbe   byte = 3 // the body is a moment of the sender's clock
	kindEcho    byte = 4 // and comes back
)

const packetHead = 1 + 8

// request is what a node asks. One of its fields is set.
type request struct {
	Sessions []string `json:"sessions,omitempty"` // SIDs
	Kick     string   `json:"kick,omitempty"`     // SID
	Bans     []Ban    `json:"bans,omitempty"`
	Node     bool     `json:"node,omitempty"`
	// Overview wants the changes of the view after this number too. It comes with Node, which nodes
	// of earlier versions know.
	Overview *uint64 `json:"overview,omitempty"`
}

// answer is what comes back.
type answer struct {
	Sessions []Session `json:"sessions,omitempty"` // those that are here
	Done     bool      `json:"done,omitempty"`     // kick: the session was here; bans: a user was here
	Full     bool      `json:"full,omitempty"`     // bans: there was no room for all
	Node     *Node     `json:"node,omitempty"`

	Overview *overview.Node `json:"overview,omitempty"`
}

func packet(kind byte, id uint64, body []byte) []byte {
	dst := append(make([]byte, 0, packetHead+len(body)), kind)
	dst = binary.BigEndian.AppendUint64(dst, id)

	return append(dst, body...)
}

// parsePacket returns false for bytes that are no packet.
func parsePacket(b []byte) (kind byte, id uint64, body []byte, ok bool) {
	if len(b) < packetHead {
		return 0, 0, nil, false
	}

	return b[0], binary.BigEndian.Uint64(b[1:]), b[packetHead:], true
}

// encode makes the JSON of a request or answer, all of whose fields can be encoded.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("admin: " + err.Error())
	}

	return b
}

// serve answers a request from what this node knows.
func serve(l Local, q *request) (a answer) {
	for _, text := range q.Sessions {
		if s, ok := l.Session(node.ParseSID(text)); ok {
			a.Sessions = append(a.Sessions, s)
		}
	}
	if q.Kick != "" {
		a.Done = l.Kick(node.ParseSID(q.Kick))
	}
	for _, b := range q.Bans {
		removed, err := l.Ban(b)
		a.Done = a.Done || removed
		a.Full = a.Full || err != nil
	}
	if q.Node {
		n := l.Node()
		a.Node = &n
	}
	if q.Overview != nil {
		a.Overview = l.Overview(*q.Overview)
	}

	return a
}
