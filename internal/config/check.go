package config

import "fmt"

// check looks at every value again, since not every Config comes out of Load, and at what they say
// together.
func (c *Config) check() error {
	return firstOf(
		c.checkValues,
		c.checkCluster,
		c.checkCore,
		c.checkPorts,
		c.checkTLS,
		c.checkAuth,
		c.checkDoor,
		c.checkReach,
		c.checkOperation,
		c.checkHook,
		c.checkTracing,
		c.checkDev,
	)
}

// firstOf is the first mistake: an error is one line, and the next start shows the next.
func firstOf(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}

	return nil
}

func (c *Config) checkValues() error {
	wrong := func(name string, err error) error {
		if err == nil {
			return nil
		}

		return fmt.Errorf("%s: %w", c.Where(name), err)
	}
	for _, v := range []struct {
		name, text string
		check      func(string) (string, error)
	}{
		{"node", c.Node, checkNode},
		{"tcp", c.TCP, checkListener},
		{"http", c.HTTP, checkListener},
		{"cluster", orOff(c.Cluster), checkOptional},
		{"pprof", orOff(c.Pprof), checkOptional},
		{"core", orOff(c.Core), checkCore},
		{"log_level", c.LogLevel, oneOf("debug", "info", "warn", "error")},
		{"log_format", c.LogFormat, oneOf("text", "json")},
	} {
		if _, err := v.check(v.text); err != nil {
			return wrong(v.name, err)
		}
	}
	for name, addrs := range map[string][]string{"join": c.Join, "core_nodes": c.CoreNodes} {
		for _, addr := range addrs {
			if err := checkReachable(addr); err != nil {
				return wrong(name, err)
			}
		}
	}
	if c.NATS != "" {
		if _, err := checkNATS(c.NATS); err != nil {
			return wrong("nats", err)
		}
	}
	if err := checkMinMembers(c.MinMembers); err != nil {
		return wrong("min_members", err)
	}

	return wrong("heartbeat", checkHeartbeat(c.Heartbeat))
}

func orOff(addr string) string {
	if addr == "" {
		return Off
	}

	return addr
}

// checkCluster also replaces a secret of the form file:PATH by what the file holds: no node is to
// take the text itself, which is no secret, for one.
func (c *Config) checkCluster() error {
	if c.Cluster == "" {
		for _, s := range []struct {
			name string
			set  bool
		}{{"join", len(c.Join) > 0}, {"advertise", c.Advertise != ""}, {"min_members", c.MinMembers > 1}} {
			if s.set {
				return fmt.Errorf("%s needs cluster: the address (host:port) where other nodes' links and gossip come in, such as 127.0.0.1:7300",
					c.Where(s.name))
			}
		}
	}
	if c.Advertise != "" {
		if err := checkReachable(c.Advertise); err != nil {
			return fmt.Errorf("%s: %w", c.Where("advertise"), err)
		}
	}
	if c.ClusterSecret == "" {
		if c.Cluster != "" {
			return fmt.Errorf("%s needs cluster_secret: give all nodes of the cluster the same secret of at least %d bytes",
				c.Where("cluster"), minClusterSecret)
		}

		return nil
	}
	secret, err := readClusterSecret(c.ClusterSecret)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Where("cluster_secret"), err)
	}
	c.ClusterSecret = secret

	return nil
}

// checkPorts finds two listeners at the same address: the system would say that it is in use, and
// not by what.
func (c *Config) checkPorts() error {
	listeners := []struct{ name, addr string }{
		{"tcp", c.TCP}, {"http", c.HTTP}, {"cluster", c.Cluster}, {"admin", c.Admin}, {"pprof", c.pprofAlone()},
		{"core", c.Core}, {"core", nextPort(c.Core)},
	}
	for i, l := range listeners {
		_, port, err := splitAddress(l.addr)
		if err != nil || port == 0 { // closed, or chosen by the system
			continue
		}
		for _, other := range listeners[:i] {
			if other.addr == l.addr {
				return fmt.Errorf("%s and %s are both %s: give each a port of its own", c.Where(other.name), c.Where(l.name), l.addr)
			}
		}
	}

	return nil
}

func (c *Config) checkTLS() error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return fmt.Errorf("%s needs tls_key: the private key that belongs to the certificate", c.Where("tls_cert"))
	case c.TLSKey != "" && c.TLSCert == "":
		return fmt.Errorf("%s needs tls_cert: the certificate that belongs to the private key", c.Where("tls_key"))
	}

	return nil
}

// checkReach refuses listeners that other machines reach without TLS, or with a generated key.
func (c *Config) checkReach() error {
	if c.Insecure {
		return nil
	}
	for _, l := range []struct{ name, addr string }{{"tcp", c.TCP}, {"http", c.HTTP}} {
		switch {
		case l.addr == Off || !reachable(l.addr):
		case len(c.Keys()) == 0 && !c.OwnAuth:
			return fmt.Errorf("%s: %s can be reached from other machines, so it needs auth_key: set it, or listen on 127.0.0.1, or give insecure",
				c.Where(l.name), l.addr)
		case c.TLSCert == "":
			return fmt.Errorf("%s: %s can be reached from other machines, so it needs tls_cert and tls_key: set them, or listen on 127.0.0.1, "+
				"or give insecure if something before it speaks TLS", c.Where(l.name), l.addr)
		}
	}
	for _, l := range []struct{ name, addr string }{{"cluster", c.Cluster}, {"core", c.Core}} {
		if l.addr != "" && reachable(l.addr) && len(c.ClusterSecret) < minPublicSecret {
			return fmt.Errorf("%s: %s can be reached from other machines, so it needs a cluster_secret of at least %d bytes: give one, or insecure",
				c.Where(l.name), l.addr, minPublicSecret)
		}
	}
	if c.pprofAlone() != "" && reachable(c.Pprof) {
		return fmt.Errorf("%s: %s can be reached from other machines, and profiles tell what is in memory: listen on 127.0.0.1, or give insecure",
			c.Where("pprof"), c.Pprof)
	}

	return nil
}
