package command

import "encoding/binary"

// Statuses of a response.
const (
	StatusOK    uint8 = 1 // done
	StatusBad   uint8 = 4 // the request was wrong
	StatusError uint8 = 5 // the request was right, and failed
)

// Fault is the code of a response that says what went wrong. The thousands are its status.
type Fault uint16

// Faults.
const (
	Malformed      Fault = 4001
	UnknownCommand Fault = 4002
	NotAllowed     Fault = 4003
	RateLimit      Fault = 4004
	Timeout        Fault = 5001
	MessageNil     Fault = 5002
	NodesNotFound  Fault = 5003
	UserNotFound   Fault = 5004
	TooLarge       Fault = 5005
	RecipientBusy  Fault = 5006
	Overloaded     Fault = 5007
	Internal       Fault = 5008
)

// Status is 4 or 5.
func (f Fault) Status() uint8 { return uint8(f / 1000) }

// Append appends the data of a response: the code and the text.
func (f Fault) Append(dst []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(f)), text...)
}
