package config

import "fmt"

// check looks at every value again, since not every Config comes out of Load, and at what they say together.
func (c *Config) check() error {
	return firstOf(
		c.checkValues,
		c.checkCluster,
		c.checkTLS,
		c.checkReach,
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
		{"mesh", c.Mesh, checkListener},
		{"cluster", orOff(c.Cluster), checkOptional},
		{"pprof", orOff(c.Pprof), checkOptional},
		{"log_level", c.LogLevel, oneOf("debug", "info", "warn", "error")},
		{"log_format", c.LogFormat, oneOf("text", "json")},
	} {
		if _, err := v.check(v.text); err != nil {
			return wrong(v.name, err)
		}
	}
	for _, addr := range c.Join {
		if err := checkJoin(addr); err != nil {
			return wrong("join", err)
		}
	}

	return wrong("heartbeat", checkHeartbeat(c.Heartbeat))
}

func orOff(addr string) string {
	if addr == "" {
		return Off
	}

	return addr
}

func (c *Config) checkCluster() error {
	if c.NATS != "" {
		for _, other := range []struct {
			name string
			set  bool
		}{{"cluster", c.Cluster != ""}, {"join", len(c.Join) > 0}} {
			if other.set {
				return fmt.Errorf("%s cannot be given together with %s: the nodes meet either on a NATS cluster of their own or on the embedded one",
					c.Where(other.name), c.Where("nats"))
			}
		}
		if _, err := checkNATS(c.NATS); err != nil {
			return fmt.Errorf("%s: %w", c.Where("nats"), err)
		}
	}
	if len(c.Join) > 0 && c.Cluster == "" {
		return fmt.Errorf("%s needs cluster: say at which address (host:port) the other nodes reach this one", c.Where("join"))
	}
	if c.ClusterSecret != "" {
		if _, err := checkClusterSecret(c.ClusterSecret); err != nil {
			return fmt.Errorf("%s: %w", c.Where("cluster_secret"), err)
		}
	} else if c.Cluster != "" {
		return fmt.Errorf("%s needs cluster_secret: give all nodes of the cluster the same secret of at least %d bytes", c.Where("cluster"), minClusterSecret)
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

// checkReach refuses what everybody could listen to, or log in to with a key that nobody chose.
func (c *Config) checkReach() error {
	if c.Insecure {
		return nil
	}
	for _, l := range []struct{ name, addr string }{{"tcp", c.TCP}, {"http", c.HTTP}} {
		switch {
		case l.addr == Off || !reachable(l.addr):
		case c.AuthKey == "":
			return fmt.Errorf("%s: %s can be reached from other machines, so it needs auth_key: set it, or listen on 127.0.0.1, or give insecure",
				c.Where(l.name), l.addr)
		case c.TLSCert == "":
			return fmt.Errorf("%s: %s can be reached from other machines, so it needs tls_cert and tls_key: set them, or listen on 127.0.0.1, "+
				"or give insecure if something before it speaks TLS", c.Where(l.name), l.addr)
		}
	}
	if c.Pprof != "" && reachable(c.Pprof) {
		return fmt.Errorf("%s: %s can be reached from other machines, and profiles tell what is in memory: listen on 127.0.0.1, or give insecure",
			c.Where("pprof"), c.Pprof)
	}

	return nil
}
