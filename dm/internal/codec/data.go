package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// FindData is the first message to a place that the directory has told: it opens the channel. It
// goes to the node of that place only, which answers MyNodeAddr. Of its name: packet.go.
type FindData struct {
	MyUserID   string `json:"myUserID"`   // the sender
	YourUserID string `json:"yourUserID"` // the recipient
	MyNodeAddr string `json:"myNodeAddr"` // the sender's node: name and incarnation
	Ver        uint8  `json:"ver"`
	Cmd        uint16 `json:"cmd"`
	Message    []byte `json:"message"`
}

// SendData is every later message to a place.
type SendData struct {
	MyUserID   string `json:"myUserID"`   // the sender
	YourUserID string `json:"yourUserID"` // the recipient
	Ver        uint8  `json:"ver"`
	Cmd        uint16 `json:"cmd"`
	Message    []byte `json:"message"`
}

var errShortData = errors.New("data too short")

// AppendBinary appends the compact form: each string as one byte of length and its bytes, ver, cmd
// (big-endian), and the message to the end. Strings longer than 255 bytes are an error.
func (d *FindData) AppendBinary(b []byte) ([]byte, error) {
	return appendData(b, d.Ver, d.Cmd, d.Message, d.MyUserID, d.YourUserID, d.MyNodeAddr)
}

// UnmarshalBinary reads what AppendBinary wrote. Message is a copy.
func (d *FindData) UnmarshalBinary(b []byte) error {
	v, err := parseData(b, true)
	if err != nil {
		return err
	}
	*d = FindData{
		MyUserID: string(v.my), YourUserID: string(v.your), MyNodeAddr: string(v.node),
		Ver: v.ver, Cmd: v.cmd, Message: append([]byte(nil), v.message...),
	}

	return nil
}

// AppendBinary appends the compact form: as that of FindData, without the node.
func (d *SendData) AppendBinary(b []byte) ([]byte, error) {
	return appendData(b, d.Ver, d.Cmd, d.Message, d.MyUserID, d.YourUserID)
}

// UnmarshalBinary reads what AppendBinary wrote. Message is a copy.
func (d *SendData) UnmarshalBinary(b []byte) error {
	v, err := parseData(b, false)
	if err != nil {
		return err
	}
	*d = SendData{
		MyUserID: string(v.my), YourUserID: string(v.your),
		Ver: v.ver, Cmd: v.cmd, Message: append([]byte(nil), v.message...),
	}

	return nil
}

func appendData(b []byte, ver uint8, cmd uint16, message []byte, names ...string) ([]byte, error) {
	for _, s := range names {
		if len(s) > math.MaxUint8 {
			return b, fmt.Errorf("%q has %d bytes, at most %d fit", s[:16]+"…", len(s), math.MaxUint8)
		}
		b = append(b, byte(len(s)))
		b = append(b, s...)
	}
	b = append(b, ver)
	b = binary.BigEndian.AppendUint16(b, cmd)

	return append(b, message...), nil
}

// view is data as it lies in a packet: all slices alias it.
type view struct {
	my, your, node []byte
	ver            uint8
	cmd            uint16
	message        []byte
}

func parseData(b []byte, withNode bool) (v view, err error) {
	ok := true
	name := func() (s []byte) {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			ok = false

			return nil
		}
		s, b = b[1:1+int(b[0])], b[1+int(b[0]):]

		return s
	}
	v.my, v.your = name(), name()
	if withNode {
		v.node = name()
	}
	if !ok || len(b) < 3 {
		return view{}, errShortData
	}
	v.ver, v.cmd, v.message = b[0], binary.BigEndian.Uint16(b[1:]), b[3:]

	return v, nil
}
