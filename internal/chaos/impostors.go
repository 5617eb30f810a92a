package chaos

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
)

// impostors are servers without the cluster's secret, at addresses that nodes are told to join.
// What they receive is searched for needles: it must contain none.
//
//	garbage   answers with random bytes
//	mirror    speaks TLS, and repeats what it is told: a proof that fits both sides would pass
//	silent    accepts, and says nothing
type impostors struct {
	needles   []string
	listeners []net.Listener
	serving   sync.WaitGroup

	mu     sync.Mutex
	closed bool              // guarded by mu
	open   map[net.Conn]bool // guarded by mu
	calls  int               // guarded by mu
	leaked []string          // guarded by mu
}

func newImpostors(n network, needles ...string) (*impostors, error) {
	i := &impostors{needles: needles, open: map[net.Conn]bool{}}
	cert, err := selfSigned()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	for _, serve := range []func(net.Conn){
		func(c net.Conn) { i.serve(c, randomReply) },
		func(c net.Conn) { i.serve(tls.Server(c, config), bytes.Clone) },
		func(c net.Conn) { i.serve(c, nil) },
	} {
		l, err := n.listen(outside)
		if err != nil {
			i.close()

			return nil, err
		}
		i.listeners = append(i.listeners, l)
		i.serving.Go(func() { i.accept(l, serve) })
	}

	return i, nil
}

func (i *impostors) accept(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		i.mu.Lock()
		i.calls++
		if i.closed {
			_ = c.Close()
		}
		i.open[c] = true
		i.mu.Unlock()
		i.serving.Go(func() {
			serve(c)
			_ = c.Close()
			i.mu.Lock()
			defer i.mu.Unlock()
			delete(i.open, c)
		})
	}
}

// serve reads a connection to its end. reply makes the answers; nil: no answers.
func (i *impostors) serve(c net.Conn, reply func([]byte) []byte) {
	const enough = 1 << 20
	var heard []byte
	buf := make([]byte, 64<<10)
	for len(heard) < enough {
		n, err := c.Read(buf)
		heard = append(heard, buf[:n]...)
		if err != nil {
			break
		}
		if reply != nil {
			if _, err := c.Write(reply(buf[:n])); err != nil {
				break
			}
		}
	}
	i.search(heard)
}

// search looks for needles in received bytes.
func (i *impostors) search(heard []byte) {
	for _, n := range i.needles {
		if bytes.Contains(heard, []byte(n)) {
			i.mu.Lock()
			i.leaked = append(i.leaked, n+" in "+printable(heard))
			i.mu.Unlock()
		}
	}
}

// leaks returns the needles found. Nil impostors have none.
func (i *impostors) leaks() []string {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()

	return i.leaked
}

func (i *impostors) addrs() (addrs []string) {
	for _, l := range i.listeners {
		addrs = append(addrs, l.Addr().String())
	}

	return addrs
}

func (i *impostors) close() {
	for _, l := range i.listeners {
		_ = l.Close()
	}
	i.mu.Lock()
	i.closed = true
	for c := range i.open {
		_ = c.Close()
	}
	i.mu.Unlock()
	i.serving.Wait()
}

// randomReply returns as many random bytes.
func randomReply(heard []byte) []byte {
	b := make([]byte, len(heard))
	_, _ = rand.Read(b)

	return b
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)

	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
