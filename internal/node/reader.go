package node

import "encoding/binary"

// Reader takes fields off the front of a packet. Once one is missing it is bad and gives zeros.
// Slices alias the packet.
type Reader struct {
	B   []byte // what is left
	Bad bool
}

// Take takes n bytes.
func (r *Reader) Take(n int) []byte {
	if r.Bad || len(r.B) < n {
		r.Bad = true

		return nil
	}
	b := r.B[:n]
	r.B = r.B[n:]

	return b
}

// U8 takes a byte.
func (r *Reader) U8() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}

	return 0
}

// U32 takes a big-endian number of 4 bytes.
func (r *Reader) U32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}

	return 0
}

// U64 takes a big-endian number of 8 bytes.
func (r *Reader) U64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}

	return 0
}

// SID takes the 16 bytes of a session's ID.
func (r *Reader) SID() (sid SID) {
	copy(sid[:], r.Take(len(sid)))

	return sid
}

// Name takes one byte of length and so many bytes.
func (r *Reader) Name() []byte { return r.Take(int(r.U8())) }
