package certs

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Interval is how often the files are read.
const Interval = 10 * time.Second

// Certs is a certificate that changes with its files. Safe for use by several goroutines.
type Certs struct {
	load    func() (*tls.Certificate, error)
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex
	failed string // guarded by mu; the error of the latest reading, "" if there was none

	stop chan struct{}
	once sync.Once
	done chan struct{}
}

// Open loads the certificate, and then again in the background until Close.
func Open(load func() (*tls.Certificate, error), log *slog.Logger) (*Certs, error) {
	cert, err := load()
	if err != nil {
		return nil, err
	}
	c := &Certs{load: load, log: log, stop: make(chan struct{}), done: make(chan struct{})}
	c.current.Store(cert)
	go c.run()

	return c, nil
}

// Config is a configuration for listeners, whose certificate changes.
func (c *Certs) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// Reload loads the certificate now. After an error the old one stays.
func (c *Certs) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cert, err := c.load()
	if err != nil {
		if c.failed != err.Error() {
			c.log.Warn("the TLS certificate cannot be read: the old one stays in use", "error", err)
		}
		c.failed = err.Error()

		return err
	}
	if old := c.current.Load(); c.failed != "" || !same(old, cert) {
		c.log.Info("the TLS certificate was read again", "expires", expiry(cert))
		c.current.Store(cert)
	}
	c.failed = ""

	return nil
}

// Close ends the reading and waits for its end.
func (c *Certs) Close() {
	c.once.Do(func() { close(c.stop) })
	<-c.done
}

func (c *Certs) run() {
	defer close(c.done)
	t := time.NewTicker(Interval)
	defer t.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-t.C:
			_ = c.Reload() // it logs
		}
	}
}

func same(a, b *tls.Certificate) bool {
	if len(a.Certificate) != len(b.Certificate) {
		return false
	}
	for i := range a.Certificate {
		if !bytes.Equal(a.Certificate[i], b.Certificate[i]) {
			return false
		}
	}

	return true
}

func expiry(cert *tls.Certificate) string {
	if cert.Leaf == nil {
		return "unknown"
	}

	return cert.Leaf.NotAfter.Format(time.RFC3339)
}
