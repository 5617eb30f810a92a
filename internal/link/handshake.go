package link

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// A proof is HMAC-SHA256, keyed with a key derived from the cluster secret, over
//
//	label | 0 | version u8 | channel binding 32 bytes | nonce of dialer | nonce of acceptor
//	| incarnation of the wanted u64 | node of dialer | node of acceptor
//
// The label is the prover's role, so that a proof cannot be sent back to its maker. The nonces make
// it good for one connection. The binding (RFC 9266, exporter) ties it to one encrypted channel, so
// that a machine in the middle has no use for it. The certificates are self-signed and prove
// nothing. The dialer proves first: a stranger that connects learns nothing that depends on the
// secret.
const (
	labelDialer   = "parley link: dialer"
	labelAcceptor = "parley link: acceptor"
	labelKey      = "parley link, version 2"
	labelBinding  = "EXPORTER-Channel-Binding"
	bindingSize   = 32

	// handshakeTime bounds a handshake.
	handshakeTime = 3 * time.Second
	// certificateLife is long: the secret proves the node, not its certificate.
	certificateLife = 100 * 365 * 24 * time.Hour
)

// key is derived from the cluster secret.
type key [sha256.Size]byte

func newKey(secret string) (key, error) {
	b, err := hkdf.Key(sha256.New, []byte(secret), nil, labelKey, sha256.Size)
	if err != nil {
		return key{}, err
	}

	return key(b), nil
}

// tlsConfigs makes those of both sides, with a certificate that lives as long as the process.
func tlsConfigs() (server, client *tls.Config, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLife)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	server = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}},
		MinVersion:   tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519},
		SessionTicketsDisabled: true, DynamicRecordSizingDisabled: true,
	}
	client = server.Clone()
	client.Certificates = nil
	client.InsecureSkipVerify = true // the secret is proved over the channel, which says more

	return server, client, nil
}

// handshake is a handshake under way.
type handshake struct {
	e        *Endpoint
	c        *conn
	binding  [bindingSize]byte
	wanted   uint64
	dialer   handshakeSide
	acceptor handshakeSide
}

type handshakeSide struct {
	id    node.ID
	nonce nonce
}

// secure runs the handshake of TLS. Closing the connection, or its deadline, ends it.
func (s *handshake) secure(base net.Conn, first []byte, side func(net.Conn, *tls.Config) *tls.Conn, config *tls.Config) error {
	_ = base.SetDeadline(time.Now().Add(handshakeTime))
	tune(base, s.e.cfg.Timing.Failure)
	s.c = newConn(base, first, side, config)
	err := s.c.tls.HandshakeContext(context.Background()) // the deadline bounds it
	s.e.cfg.Gate()
	if err != nil {
		return err
	}
	state := s.c.tls.ConnectionState()
	binding, err := state.ExportKeyingMaterial(labelBinding, nil, bindingSize)
	if err != nil {
		return err
	}
	s.binding = [bindingSize]byte(binding)

	return nil
}

// proof is that of one role.
func (s *handshake) proof(label string) (p [proofSize]byte) {
	mac := hmac.New(sha256.New, s.e.key[:])
	b := append(make([]byte, 0, maxMessage), label...)
	b = append(b, 0, Version)
	b = append(b, s.binding[:]...)
	b = append(b, s.dialer.nonce[:]...)
	b = append(b, s.acceptor.nonce[:]...)
	b = binary.BigEndian.AppendUint64(b, s.wanted)
	mac.Write(appendNode(appendNode(b, s.dialer.id), s.acceptor.id))
	mac.Sum(p[:0])

	return p
}

// write sends a message. Once the transport gathers, it only gathers it.
func (s *handshake) write(m []byte) error {
	_, err := s.c.tls.Write(m)

	return err
}

// next returns the payload of the next message, which has to be of this kind. It is valid until
// next is called again. What comes behind it stays in the connection's buffer.
func (s *handshake) next(kind byte) ([]byte, error) {
	for {
		got, payload, n, err := splitMessage(s.c.in.Bytes())
		switch {
		case err != nil:
			return nil, err
		case n == 0:
			err := s.c.fill()
			s.e.cfg.Gate()
			if err != nil {
				return nil, fmt.Errorf("no answer: %w", err)
			}

			continue
		}
		s.c.in.Consume(n)
		switch got {
		case kind:
			return payload, nil
		case msgRefusal:
			var m refusal
			if err := m.decode(payload); err != nil {
				return nil, err
			}

			return nil, statusErrors[m.status]
		default:
			return nil, errMalformed
		}
	}
}

// refuse tells the dialer why there is no response.
func (s *handshake) refuse(v status) error {
	m := refusal{status: v, text: statusErrors[v].Error()}
	_ = s.write(m.encode())

	return statusErrors[v]
}

// greet is the dialer's part up to its request: the acceptor's ID is known then, not proved.
func (s *handshake) greet(base net.Conn, wanted uint64) error {
	if err := s.secure(base, nil, tls.Client, s.e.clientTLS); err != nil {
		return fmt.Errorf("%w (TLS: %w)", ErrNotCluster, err)
	}
	s.dialer.id, s.wanted = s.e.cfg.Self, wanted
	_, _ = rand.Read(s.dialer.nonce[:]) // never fails
	m := hello{version: Version, nonce: s.dialer.nonce, wanted: wanted, self: s.dialer.id}
	if err := s.write(m.encode()); err != nil {
		return err
	}
	payload, err := s.next(msgWelcome)
	if err != nil {
		return foreign(err)
	}
	var w welcome
	if err := w.decode(payload); err != nil {
		return err
	}
	s.acceptor = handshakeSide{id: w.self, nonce: w.nonce}
	if w.self == s.dialer.id {
		return ErrSelf
	}

	return nil
}

// foreign is for what came, or did not come, instead of a welcome.
func foreign(err error) error {
	for _, known := range []error{ErrVersion, ErrSecret, ErrBusy, ErrSelf} {
		if errors.Is(err, known) {
			return err
		}
	}

	return fmt.Errorf("%w (%w)", ErrNotCluster, err)
}

// ask sends the dialer's request and returns the proved response.
func (s *handshake) ask(m *request) (r response, err error) {
	m.proof = s.proof(labelDialer)
	if err := s.write(m.encode()); err != nil {
		return r, err
	}
	payload, err := s.next(msgResponse)
	if err != nil {
		return r, err
	}
	if err := r.decode(payload); err != nil {
		return r, err
	}
	if want := s.proof(labelAcceptor); !hmac.Equal(r.proof[:], want[:]) {
		return r, ErrSecret
	}

	return r, nil
}

// receive is the acceptor's part up to the response: the dialer has proved itself then. WelcomedAt
// is a time before the welcome was sent, which the request acknowledges.
func (s *handshake) receive(base net.Conn, first []byte) (m request, welcomedAt time.Duration, err error) {
	if err := s.secure(base, first, tls.Server, s.e.serverTLS); err != nil {
		return m, 0, fmt.Errorf("TLS: %w", err)
	}
	payload, err := s.next(msgHello)
	if err != nil {
		return m, 0, err
	}
	var h hello
	switch err := h.decode(payload); {
	case errors.Is(err, ErrVersion):
		return m, 0, s.refuse(statusVersion)
	case err != nil:
		return m, 0, s.refuse(statusMalformed)
	case h.self == s.e.cfg.Self:
		return m, 0, s.refuse(statusSelf)
	}
	s.dialer, s.wanted = handshakeSide{id: h.self, nonce: h.nonce}, h.wanted
	s.acceptor.id = s.e.cfg.Self
	_, _ = rand.Read(s.acceptor.nonce[:]) // never fails
	w := welcome{version: Version, nonce: s.acceptor.nonce, self: s.acceptor.id}
	welcomedAt = s.e.cfg.Clock()
	if err := s.write(w.encode()); err != nil {
		return m, 0, err
	}
	if payload, err = s.next(msgRequest); err != nil {
		return m, 0, err
	}
	if err := m.decode(payload); err != nil {
		return m, 0, s.refuse(statusMalformed)
	}
	if want := s.proof(labelDialer); !hmac.Equal(m.proof[:], want[:]) {
		return m, 0, s.refuse(statusSecret)
	}

	return m, welcomedAt, nil
}

// respond completes the response and sends it.
func (s *handshake) respond(r response) error {
	r.proof = s.proof(labelAcceptor)
	r.addr = s.e.Advertised()
	if r.text == "" && r.status != statusOK {
		r.text = statusErrors[r.status].Error()
	}

	return s.write(r.encode())
}
