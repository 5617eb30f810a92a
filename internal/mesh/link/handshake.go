package link

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/parley-dm/parley/wire"
)

// The handshake, in frames of package wire with ver 1 (the version of all that nodes say on links):
//
//	caller → called   hello     nonce 32 bytes | incarnation of called u64 | incarnation u64 | n u8 | n bytes of name
//	called → caller   welcome   nonce 32 bytes | incarnation u64 | n u8 | n bytes of name
//	caller → called   request   proof 32 bytes
//	called → caller   response  proof 32 bytes
//	either            goodbye   cmd: a refusal; payload: what it means, for a log
//
// A proof is HMAC-SHA256, keyed with a key derived from the cluster secret, over
//
//	label | 0 | version u8 | tls u8 | channel binding 32 bytes | nonce of caller | nonce of called
//	| node of caller | node of called          (node: incarnation u64 | n u8 | name)
//
// The label is the prover's role, so that no proof can be sent back to who made it; the nonces make it good for this connection only; over TLS
// the binding (RFC 9266, exporter) ties it to this one encrypted channel, so that nobody stands between. Without TLS it is 32 zero
// bytes. The caller proves first: who merely connects learns nothing that depends on the secret.
const (
	version     = 1
	nonceSize   = 32
	proofSize   = sha256.Size
	bindingSize = 32
	maxName     = 128
	// maxHandshake is the longest body of a handshake.
	maxHandshake = 512

	labelCaller  = "parley link: the caller"
	labelCalled  = "parley link: the called"
	labelID      = "parley link: its number"
	labelKey     = "parley link, version 1"
	labelBinding = "EXPORTER-Channel-Binding"
)

// refusal is why a handshake was given up: the cmd of its goodbye.
type refusal uint16

const (
	refusedVersion refusal = 1 + iota
	refusedNode            // the one that was called is another node
	refusedSecret
	refusedNotNow // it is no member for the called, or not yet
)

var refusals = map[refusal]error{
	refusedVersion: ErrVersion,
	refusedNode:    ErrWrongNode,
	refusedSecret:  ErrSecret,
	refusedNotNow:  ErrNotNow,
}

// Errors of a handshake. Test with errors.Is.
var (
	// ErrVersion: the other node speaks another version.
	ErrVersion = errors.New("it speaks another version of links")
	// ErrWrongNode: at this address is another node.
	ErrWrongNode = errors.New("at this address is another node")
	// ErrSecret: the nodes do not have the same cluster secret.
	ErrSecret = errors.New("its cluster secret is not ours; all nodes need the same one")
	// ErrNotNow: the other node does not see this one as a member, not yet perhaps.
	ErrNotNow = errors.New("it does not see this node as a member of the cluster")
)

// Key is derived from the cluster secret.
type Key [sha256.Size]byte

// NewKey derives the key of links from the cluster secret.
func NewKey(secret string) Key {
	b, err := hkdf.Key(sha256.New, []byte(secret), nil, labelKey, sha256.Size)
	if err != nil { // only for keys of an absurd length
		panic(err)
	}

	return Key(b)
}

// shake is a handshake under way.
type shake struct {
	door    *Door
	l       *Link
	caller  party
	called  party
	binding [bindingSize]byte
}

type party struct {
	node  Node
	nonce [nonceSize]byte
}

// begin prepares the connection: deadline, TLS, channel binding.
func (d *Door) begin(ctx context.Context, base net.Conn, secure func(net.Conn) *tls.Conn) (*shake, error) {
	l := &Link{base: base, conn: base, limit: maxHandshake, bound: d.opts.QueueBytes, shared: d.opts.Cork, hold: true, writing: true}
	s := &shake{door: d, l: l}
	_ = base.SetDeadline(time.Now().Add(d.opts.Patience))
	if secure == nil {
		l.sock.Use(base)

		return s, nil
	}
	conn := secure(base)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	state := conn.ConnectionState()
	binding, err := state.ExportKeyingMaterial(labelBinding, nil, bindingSize)
	if err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	l.conn, l.tls, s.binding = conn, true, [bindingSize]byte(binding)

	return s, nil
}

// finish makes the link ready for Run.
func (s *shake) finish(peer Node) *Link {
	_ = s.l.base.SetDeadline(time.Time{})
	s.l.limit = s.door.opts.MaxPacket + packetRoom
	s.l.peer = peer
	s.l.id = binary.BigEndian.Uint64(s.proof(labelID))

	return s.l
}

// call is the caller's part.
func (s *shake) call(self, to Node) (*Link, error) {
	s.caller = party{node: self}
	_, _ = rand.Read(s.caller.nonce[:]) // never fails
	hello := append(make([]byte, 0, maxHandshake), s.caller.nonce[:]...)
	hello = binary.BigEndian.AppendUint64(hello, to.Incarnation)
	if err := s.send(wire.KindHello, appendNode(hello, self)); err != nil {
		return nil, err
	}
	welcome, err := s.next(wire.KindWelcome)
	if err != nil {
		return nil, err
	}
	if s.called, err = parseParty(welcome); err != nil {
		return nil, err
	}
	if s.called.node != to {
		return nil, ErrWrongNode
	}
	if err := s.send(wire.KindRequest, s.proof(labelCaller)); err != nil {
		return nil, err
	}
	theirs, err := s.next(wire.KindResponse)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(theirs, s.proof(labelCalled)) {
		return nil, ErrSecret
	}

	l := s.finish(to)
	l.ready()

	return l, nil
}

// answer is the called's part. Admit decides, before the caller hears that it is in.
func (s *shake) answer(self Node, admit func(*Link) bool) error {
	s.called = party{node: self}
	_, _ = rand.Read(s.called.nonce[:]) // never fails
	hello, err := s.next(wire.KindHello)
	if err != nil {
		return err
	}
	const head = nonceSize + 8
	if len(hello) < head {
		return errMalformed
	}
	wanted := binary.BigEndian.Uint64(hello[nonceSize:])
	if s.caller, err = parseParty(append(append(make([]byte, 0, len(hello)), hello[:nonceSize]...), hello[head:]...)); err != nil {
		return err
	}
	if wanted != self.Incarnation {
		return s.refuse(refusedNode)
	}
	welcome := append(make([]byte, 0, maxHandshake), s.called.nonce[:]...)
	if err := s.send(wire.KindWelcome, appendNode(welcome, self)); err != nil {
		return err
	}
	theirs, err := s.next(wire.KindRequest)
	if err != nil {
		return err
	}
	if !hmac.Equal(theirs, s.proof(labelCaller)) {
		return s.refuse(refusedSecret)
	}
	mine := s.proof(labelCalled)
	l := s.finish(s.caller.node)
	_ = l.base.SetDeadline(time.Now().Add(s.door.opts.Patience))
	if !admit(l) {
		return s.refuse(refusedNotNow)
	}
	if err := s.send(wire.KindResponse, mine); err != nil {
		return err
	}
	_ = l.base.SetDeadline(time.Time{})
	l.ready()

	return nil
}

func (s *shake) proof(label string) []byte {
	mac := hmac.New(sha256.New, s.door.opts.Key[:])
	b := append(make([]byte, 0, maxHandshake), label...)
	b = append(b, 0, version, 0)
	if s.l.tls {
		b[len(b)-1] = 1
	}
	b = append(b, s.binding[:]...)
	b = append(b, s.caller.nonce[:]...)
	b = append(b, s.called.nonce[:]...)
	b = appendNode(appendNode(b, s.caller.node), s.called.node)
	mac.Write(b)

	return mac.Sum(nil)
}

func (s *shake) send(kind wire.Kind, payload []byte) error {
	_, err := s.l.conn.Write(wire.AppendFrame(nil, wire.Frame{Kind: kind, Ver: version, Payload: payload}))

	return err
}

// refuse says why there will be no link.
func (s *shake) refuse(r refusal) error {
	err := refusals[r]
	_, _ = s.l.conn.Write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindGoodbye, Ver: version, Cmd: uint16(r), Payload: []byte(err.Error())}))

	return err
}

// next is the payload of the next frame, which must be of this kind. What comes behind it stays in the link's intake. It is valid
// until next is called again.
func (s *shake) next(kind wire.Kind) ([]byte, error) {
	in := &s.l.in
	for {
		body, n, err := wire.Split(in.bytes(), maxHandshake)
		if err != nil {
			return nil, errMalformed
		}
		if n == 0 {
			in.want(maxHandshake)
			n, err := s.l.conn.Read(in.Space())
			if n == 0 && err != nil {
				return nil, fmt.Errorf("no answer: %w", err)
			}
			in.arrived(n)

			continue
		}
		in.handled(n)
		f, err := wire.ParseBody(body)
		if err != nil {
			return nil, errMalformed
		}
		switch {
		case f.Kind == wire.KindGoodbye:
			if err := refusals[refusal(f.Cmd)]; err != nil {
				return nil, err
			}

			return nil, errMalformed
		case f.Ver != version && (f.Kind == wire.KindHello || f.Kind == wire.KindWelcome):
			return nil, s.refuse(refusedVersion)
		case f.Kind != kind:
			return nil, errMalformed
		}

		return f.Payload, nil
	}
}

// appendNode appends incarnation u64 | n u8 | name.
func appendNode(dst []byte, n Node) []byte {
	dst = binary.BigEndian.AppendUint64(dst, n.Incarnation)
	dst = append(dst, byte(len(n.Name)))

	return append(dst, n.Name...)
}

// parseParty takes a nonce and a node.
func parseParty(b []byte) (p party, err error) {
	const fixed = nonceSize + 8 + 1
	if len(b) < fixed {
		return p, errMalformed
	}
	copy(p.nonce[:], b)
	p.node.Incarnation = binary.BigEndian.Uint64(b[nonceSize:])
	name := b[fixed:]
	if n := int(b[fixed-1]); n == 0 || n > maxName || len(name) != n || p.node.Incarnation == 0 {
		return p, errMalformed
	}
	p.node.Name = string(name)

	return p, nil
}
