package link

import (
	"encoding/binary"

	"github.com/parley-dm/parley/internal/node"
)

// decoder takes fields off a payload. After the first field that is malformed, bad stays set.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || len(d.b) < n {
		d.bad = true

		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]

	return b
}

func (d *decoder) u8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}

	return 0
}

func (d *decoder) u64() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}

	return 0
}

func (d *decoder) bool() bool {
	v := d.u8()
	d.bad = d.bad || v > 1

	return v == 1
}

func (d *decoder) text() string {
	b := d.take(2)
	if b == nil {
		return ""
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > maxText {
		d.bad = true
	}

	return string(d.take(n))
}

func (d *decoder) node() (id node.ID) {
	id.Incarnation = d.u64()
	n := int(d.u8())
	if n == 0 || n > maxName || id.Incarnation == 0 {
		d.bad = true
	}
	id.Name = string(d.take(n))

	return id
}

func (d *decoder) end() error {
	if d.bad || len(d.b) > 0 {
		return errMalformed
	}

	return nil
}

// decode returns at once for another version, whose messages may look different behind it.
func (m *hello) decode(b []byte) error {
	d := decoder{b: b}
	if m.version = d.u8(); m.version != Version && !d.bad {
		return ErrVersion
	}
	copy(m.nonce[:], d.take(nonceSize))
	m.wanted = d.u64()
	m.self = d.node()

	return d.end()
}

func (m *welcome) decode(b []byte) error {
	d := decoder{b: b}
	if m.version = d.u8(); m.version != Version && !d.bad {
		return ErrVersion
	}
	copy(m.nonce[:], d.take(nonceSize))
	m.self = d.node()

	return d.end()
}

func (m *request) decode(b []byte) error {
	d := decoder{b: b}
	copy(m.proof[:], d.take(proofSize))
	m.purpose = purpose(d.u8())
	m.attempt, m.ended, m.current, m.received = d.u64(), d.u64(), d.u64(), d.u64()
	m.standing = d.bool()
	m.addr = d.text()
	if m.purpose < purposeLink || m.purpose > purposeIntroduce || m.purpose == purposeLink && m.current == 0 ||
		!m.standing && m.received > 0 {
		return errMalformed
	}

	return d.end()
}

func (m *response) decode(b []byte) error {
	d := decoder{b: b}
	copy(m.proof[:], d.take(proofSize))
	m.status = status(d.u8())
	m.ended, m.current, m.received = d.u64(), d.u64(), d.u64()
	m.addr = d.text()
	m.text = d.text()
	if m.status >= statuses || m.status == statusReserved {
		return errMalformed
	}

	return d.end()
}

func (m *refusal) decode(b []byte) error {
	d := decoder{b: b}
	m.status = status(d.u8())
	m.text = d.text()
	if m.status == statusOK || m.status == statusReserved || m.status >= statuses {
		return errMalformed
	}

	return d.end()
}

// splitMessage takes the first message of b, which takes up n bytes; n is 0 while it is incomplete.
func splitMessage(b []byte) (kind byte, payload []byte, n int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	length := int(binary.BigEndian.Uint16(b))
	switch {
	case length < 1 || length > maxMessage:
		return 0, nil, 0, errMalformed
	case len(b) < 2+length:
		return 0, nil, 0, nil
	}

	return b[2], b[3 : 2+length], 2 + length, nil
}
