package link

import "github.com/parley-dm/parley/wire"

const (
	// readSize is how much one read call is given room for.
	readSize = 64 << 10
	// keepReadSize is how large a buffer may be to be kept when a long frame is through.
	keepReadSize = 256 << 10
)

// intake is what has arrived and was not handed over yet. Its buffer is the link's own, for the link's life.
type intake struct {
	b    []byte
	r, w int // b[r:w] is not handed over
}

func (in *intake) bytes() []byte { return in.b[in.r:in.w] }

func (in *intake) handled(n int) { in.r += n }
func (in *intake) arrived(n int) { in.w += n }

// want makes room for the frame that has begun to arrive; most is the length of the longest body.
func (in *intake) want(most int) {
	have := in.w - in.r
	switch {
	case have == 0:
		in.r, in.w = 0, 0
		if len(in.b) > keepReadSize {
			in.b = nil
		}
	case in.r > 0:
		copy(in.b, in.b[in.r:in.w])
		in.r, in.w = 0, have
	}
	if have == len(in.b) && have > 0 { // longer than the buffer
		b := make([]byte, min(2*have, most+wire.LengthSize))
		copy(b, in.b)
		in.b = b
	}
}

// Space implements sock.Source.
func (in *intake) Space() []byte {
	if in.b == nil {
		in.b = make([]byte, readSize)
	}

	return in.b[in.w:]
}

// Park implements sock.Source. Links are few: each keeps its buffer.
func (*intake) Park() {}
