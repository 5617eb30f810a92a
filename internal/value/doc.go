// Package value turns plain values into bytes and back, with their Go type: those of a storage, and
// those that go along with a user to another node.
//
//	Encode(any) ──▶ kind (1 byte) + payload ──▶ Decode ──▶ the same value, of the same type
//
// A value is a scalar (bool, an integer type, a float type, string, []byte), a slice of scalars of
// one type, or a [List]: the elements of a key that is pushed to and popped from, each encoded by
// itself, so that a push does not decode what is there.
//
// The payload, by kind:
//
//	bool             1 byte, 0 or 1
//	int … int64      zigzag varint
//	uint … uint64    varint
//	float32, 64      IEEE 754 bits, big endian
//	string, []byte   varint length, bytes
//	slice            varint count, the elements' payloads
//	List             varint count; each element: varint length, kind, payload
//
// # Limits
//
// Types with names of their own (type ID string) are refused: they would come back without their
// name. An int of 64 bits that does not fit the reader's int is refused by Decode.
package value
