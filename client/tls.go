package client

import "crypto/tls"

// maxSessions bounds the TLS sessions that a client keeps, one or two for each address.
const maxSessions = 16

// addressSessions are the TLS sessions of one address: crypto/tls keeps them by name, and nodes of
// one name do not know each other's. A session that is resumed saves the server a signature.
type addressSessions struct {
	all     tls.ClientSessionCache
	address string
}

// Get implements tls.ClientSessionCache.
func (s addressSessions) Get(name string) (*tls.ClientSessionState, bool) {
	return s.all.Get(s.address + " " + name)
}

// Put implements tls.ClientSessionCache.
func (s addressSessions) Put(name string, state *tls.ClientSessionState) {
	s.all.Put(s.address+" "+name, state)
}

func tlsConfig(a address, cfg *config) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.tls != nil {
		conf = cfg.tls.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = a.host
	}
	if conf.ClientSessionCache == nil {
		conf.ClientSessionCache = addressSessions{cfg.sessions, a.hostport}
	}

	return conf
}
