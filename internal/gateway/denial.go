package gateway

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// Denial is why a connection or a login was refused.
type Denial uint8

// Denials. Their String is a metric's label, and stands in the log.
const (
	DeniedPending        Denial = iota + 1 // too many connections that have not logged in
	DeniedAddressPending                   // too many of these of one address
	DeniedAddressOpen                      // too many sessions of one address
	DeniedAddressLogins                    // too many logins a second of one address
	DeniedUserLogins                       // too many logins of one user in a row
	DeniedProxy                            // no valid header of the PROXY protocol
	DeniedTLS                              // the TLS handshake failed
	DeniedHandshake                        // a request for /ws that is no WebSocket handshake
	DeniedOrigin                           // a page of another origin
	DeniedNoHello                          // no hello came in time
	DeniedProtocol                         // bytes that are no hello
	DeniedNotAdmitted                      // the node did not admit the login
	DeniedTokenMissing                     // the rest: see package auth
	DeniedTokenMalformed
	DeniedTokenForged
	DeniedTokenExpired
	DeniedTokenNotYet
	DeniedTokenSubject
	DeniedTokenIssuer
	DeniedTokenAudience
	DeniedTokenUnknownKey
	DeniedTokenUnavailable
	DeniedTokenRefused
	denialKinds
)

var denialNames = [denialKinds]string{
	"", "pending", "address_pending", "address_open", "address_logins", "user_logins", "proxy_header", "tls", "no_handshake", "origin",
	"no_hello", "protocol", "not_admitted", "token_missing", "token_malformed", "token_forged", "token_expired", "token_not_yet",
	"token_subject", "token_issuer", "token_audience", "token_unknown_key", "token_unavailable", "token_refused",
}

// String is the denial in a word.
func (d Denial) String() string {
	if d > 0 && d < denialKinds {
		return denialNames[d]
	}

	return "unknown"
}

var tokenDenials = []struct {
	err error
	why Denial
}{
	{auth.ErrTokenMissing, DeniedTokenMissing}, {auth.ErrTokenMalformed, DeniedTokenMalformed}, {auth.ErrTokenForged, DeniedTokenForged},
	{auth.ErrTokenExpired, DeniedTokenExpired}, {auth.ErrTokenNotYet, DeniedTokenNotYet}, {auth.ErrTokenSubject, DeniedTokenSubject},
	{auth.ErrTokenIssuer, DeniedTokenIssuer}, {auth.ErrTokenAudience, DeniedTokenAudience}, {auth.ErrTokenUnknownKey, DeniedTokenUnknownKey},
	{auth.ErrUnavailable, DeniedTokenUnavailable},
}

// denialOf is the denial of an error of an Authenticator.
func denialOf(err error) Denial {
	for _, d := range tokenDenials {
		if errors.Is(err, d.err) {
			return d.why
		}
	}

	return DeniedTokenRefused
}

// denialPause is the time from the first denial to the line of the log that counts it, and between
// two such lines.
const denialPause = time.Second

// denials counts, and logs a line a second at most.
type denials struct {
	counts [denialKinds]atomic.Uint64

	mu     sync.Mutex
	log    *slog.Logger        // fixed
	logged [denialKinds]uint64 // guarded by mu
	latest string              // guarded by mu; the address of the latest
	timer  *time.Timer         // guarded by mu; nil: nothing is to be logged
	closed bool                // guarded by mu
}

func (d *denials) add(why Denial, addr string) {
	d.counts[why].Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latest = addr
	if d.timer == nil && !d.closed {
		d.timer = time.AfterFunc(denialPause, d.flush)
	}
}

func (d *denials) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flushLocked()
}

func (d *denials) flushLocked() {
	d.timer = nil
	var attrs []any
	var sum uint64
	for i := range d.counts {
		n := d.counts[i].Load()
		if fresh := n - d.logged[i]; fresh > 0 {
			attrs = append(attrs, Denial(i).String(), fresh)
			sum += fresh
		}
		d.logged[i] = n
	}
	if sum > 0 {
		d.log.Info("clients were refused", append([]any{"count", sum, "one_of_them", d.latest}, attrs...)...)
	}
}

// close logs what is left.
func (d *denials) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.timer != nil && d.timer.Stop() {
		d.flushLocked()
	}
}

// deny counts a refused connection or login.
func (g *Gateway) deny(why Denial, addr string) { g.denials.add(why, addr) }
