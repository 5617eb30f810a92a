package dm

import "github.com/parley-dm/parley/dm/internal/codec"

// FindData is what the first message to a place carries between nodes: it opens the channel. The
// node of that place answers MyNodeAddr. In a packet it has the compact form of AppendBinary.
type FindData struct {
	MyUserID   string `json:"myUserID"`   // the sender, 1 to 128 bytes
	YourUserID string `json:"yourUserID"` // the recipient, 1 to 128 bytes
	MyNodeAddr string `json:"myNodeAddr"` // the sender's node: name and incarnation
	Ver        uint8  `json:"ver"`        // of the push
	Cmd        uint16 `json:"cmd"`        // of the push
	Message    []byte `json:"message"`    // at most Settings.MaxMessageSize bytes
}

// AppendBinary appends the compact form: each string as one byte of length and its bytes, ver, cmd
// (big-endian), and the message to the end. A string longer than 255 bytes is an error.
func (d *FindData) AppendBinary(b []byte) ([]byte, error) {
	return (*codec.FindData)(d).AppendBinary(b)
}

// UnmarshalBinary reads what AppendBinary wrote. Message is a copy.
func (d *FindData) UnmarshalBinary(b []byte) error { return (*codec.FindData)(d).UnmarshalBinary(b) }

// SendData is what every later message to a place carries: FindData without the node.
type SendData struct {
	MyUserID   string `json:"myUserID"`   // the sender, 1 to 128 bytes
	YourUserID string `json:"yourUserID"` // the recipient, 1 to 128 bytes
	Ver        uint8  `json:"ver"`        // of the push
	Cmd        uint16 `json:"cmd"`        // of the push
	Message    []byte `json:"message"`    // at most Settings.MaxMessageSize bytes
}

// AppendBinary appends the compact form, as that of FindData.
func (d *SendData) AppendBinary(b []byte) ([]byte, error) {
	return (*codec.SendData)(d).AppendBinary(b)
}

// UnmarshalBinary reads what AppendBinary wrote. Message is a copy.
func (d *SendData) UnmarshalBinary(b []byte) error { return (*codec.SendData)(d).UnmarshalBinary(b) }
