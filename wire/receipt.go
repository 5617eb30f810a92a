package wire

import "strconv"

// Result tells how a message that had no error ended.
type Result uint8

// Results. A response to command 701 or 702 carries one as a byte: see [AppendReceipt].
const (
	Delivered Result = iota + 1 // the operating system of the recipient's node took it for the recipient's connection
	Declined                    // a SetOnReceiveMessage callback returned false
	Dropped                     // a SetOnMessage callback emptied it
)

// String is the result in words.
func (r Result) String() string {
	switch r {
	case Delivered:
		return "delivered"
	case Declined:
		return "declined"
	case Dropped:
		return "dropped"
	}

	return "result " + strconv.Itoa(int(r))
}

// Receipt is the outcome of a message that had no error. The zero Receipt is no outcome.
type Receipt struct {
	Result Result
}

// AppendReceipt appends the data of the response to command 701 or 702: one byte, 0 delivered, 1
// declined, 2 dropped.
func AppendReceipt(b []byte, r Receipt) []byte { return append(b, byte(r.Result-Delivered)) }

// ParseReceipt reads what AppendReceipt wrote. No data is a delivery, as servers without receipts
// answer. Further bytes are ignored. The error, for a byte that is no result, is
// ErrMalformedReceipt.
func ParseReceipt(data []byte) (Receipt, error) {
	if len(data) == 0 {
		return Receipt{Delivered}, nil
	}
	if r := Delivered + Result(data[0]); r >= Delivered && r <= Dropped {
		return Receipt{r}, nil
	}

	return Receipt{}, ErrMalformedReceipt
}
