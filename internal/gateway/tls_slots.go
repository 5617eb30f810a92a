package gateway

import (
	"crypto"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// TLS handshakes. Their signatures cost a millisecond or more of a processor each. A node that
// accepts more connections than it can sign for in a second makes clients wait until they give up,
// and then signs for connections that are gone: a storm of reconnects would never end. So a
// listener accepts a TLS connection only with a slot, of which there are as many as signatures fit
// into a second. The other clients wait in the backlog of the operating system, where they cost
// nothing and their time for the hello has not begun.
//
//	slot ─▶ accept ─▶ ClientHello ─▶ is the client still there? ─▶ sign, few at once ─▶ done: slot back
//	             └─ nothing for a second: slot back ◀────────────────────────┘
//
// At most half of the processors sign at a time: open sessions go on.

const (
	slotTime        = time.Second // for the client to say something
	fewestSlots     = 16
	mostSlots       = 2048
	firstCost       = 2 * time.Millisecond // of a signature, until it is measured
	costWeight      = 16                   // of the older signatures, against one newer
	halfOfProcessor = 2
)

var errAbandoned = errors.New("gateway: the client has gone during the TLS handshake")

// tlsSlots bounds the TLS handshakes of a gateway.
type tlsSlots struct {
	signing chan struct{} // as many as signatures may be made at a time
	cost    atomic.Int64  // of a signature, averaged, in nanoseconds

	mu    sync.Mutex
	used  int           // guarded by mu
	freed chan struct{} // guarded by mu; closed, and made anew, when a slot is given back
}

func newTLSSlots() *tlsSlots {
	h := &tlsSlots{signing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/halfOfProcessor)), freed: make(chan struct{})}
	h.cost.Store(int64(firstCost))

	return h
}

// slots is the number of signatures that fit into a second.
func (h *tlsSlots) slots() int {
	cost := max(1, time.Duration(h.cost.Load()))

	return int(min(max(time.Duration(cap(h.signing))*slotTime/cost, fewestSlots), mostSlots))
}

// bound returns the configuration with its signatures bounded. Tickets of the configuration resume
// sessions, which takes no signature.
func (h *tlsSlots) bound(cfg *tls.Config) *tls.Config {
	if cfg == nil {
		return nil
	}
	cfg = cfg.Clone()
	for i := range cfg.Certificates {
		if i == 0 {
			cfg.Certificates = append([]tls.Certificate(nil), cfg.Certificates...)
		}
		cfg.Certificates[i] = h.boundCertificate(cfg.Certificates[i])
	}
	if get := cfg.GetCertificate; get != nil {
		cfg.GetCertificate = h.boundGet(get)
	}
	if cfg.GetConfigForClient == nil {
		cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if hungUp(hello.Conn) {
				return nil, errAbandoned
			}
			if c, ok := hello.Conn.(*slotConn); ok {
				c.slot.greeted()
			}

			return nil, nil //nolint:nilnil // the configuration itself
		}
	}

	return cfg
}

// boundGet bounds the certificates that get returns. It remembers the latest.
func (h *tlsSlots) boundGet(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	type pair struct{ from, to *tls.Certificate }
	var latest atomic.Pointer[pair]

	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := get(hello)
		if err != nil || cert == nil {
			return cert, err
		}
		if p := latest.Load(); p != nil && p.from == cert {
			return p.to, nil
		}
		bounded := h.boundCertificate(*cert)
		latest.Store(&pair{cert, &bounded})

		return &bounded, nil
	}
}

func (h *tlsSlots) boundCertificate(cert tls.Certificate) tls.Certificate {
	if signer, ok := cert.PrivateKey.(crypto.Signer); ok {
		cert.PrivateKey = &boundSigner{signer, h}
	}

	return cert
}

// boundSigner is a private key of which few sign at a time.
type boundSigner struct {
	crypto.Signer

	h *tlsSlots
}

// Sign implements crypto.Signer.
func (s *boundSigner) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.h.signing <- struct{}{}
	begin := time.Now()
	defer func() {
		old := s.h.cost.Load() // a lost update is no harm
		s.h.cost.Store(old + (int64(time.Since(begin))-old)/costWeight)
		<-s.h.signing
	}()

	return s.Signer.Sign(rand, digest, opts)
}
