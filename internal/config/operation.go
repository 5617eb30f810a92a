package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Operation holds the settings of operators.
type Operation struct {
	Admin      string        // listener of its own for the server-to-server API, metrics and profiles, host:port; empty: none
	AdminKey   string        // bearer key of the server-to-server API: the key, or file:PATH, which Complete replaces by what the file holds; empty: no API
	AdminHosts []string      // names by which requests may call Admin, beside IP addresses and localhost
	Grace      time.Duration // how long a stopping node waits for its users to come back elsewhere; 0: the default, negative: not
	Drain      time.Duration // within which the users of a stopping node are sent away; 0: the default
}

func adminSetting() Setting {
	return text("admin", "ADDR", "",
		"a listener of its own for the server-to-server API, /metrics and, if pprof is the same address, profiles; off: they are on http",
		checkOptional, func(c *Config) *string { return &c.Admin })
}

func adminKeySetting() Setting {
	return secret("admin_key", "bearer key of the server-to-server API, at least 16 bytes, or file:PATH with such a key; none: there is no such API",
		func(c *Config) *string { return &c.AdminKey })
}

func adminHostsSetting() Setting {
	return Setting{
		Name: "admin_hosts", Kind: List, Value: "NAME,…", Help: "host names by which requests may call admin, beside IP addresses and localhost",
		set: func(c *Config, text string) (err error) {
			c.AdminHosts, err = parseHosts(text)

			return err
		},
	}
}

func drainSetting() Setting {
	return bounded("drain", "20s", "time over which a stopping node sends its users away, few at a time", checkDrain,
		func(c *Config) *time.Duration { return &c.Drain })
}

func graceSetting() Setting {
	return lasting("grace", "10s",
		"how long a stopping node waits for its users to come back on another one, before their peers are told that they left; 0s: not",
		maxDrain, func(c *Config) *time.Duration { return &c.Grace })
}

// bounded is a setting for a time that cannot be 0.
func bounded(name, preset, help string, check func(time.Duration) error, field func(*Config) *time.Duration) Setting {
	return Setting{
		Name: name, Value: "TIME", Default: preset, Help: help,
		set: func(c *Config, text string) error {
			d, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("%q is no duration: write it with its unit, such as %s", text, preset)
			}
			*field(c) = d

			return check(d)
		},
		empty: func(c *Config) bool { return *field(c) == 0 },
	}
}

func parseHosts(text string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		names = append(names, name)
		if err := checkHost(name); err != nil {
			return nil, err
		}
	}

	return names, nil
}

func checkHost(name string) error {
	if !dialableName(name) {
		return fmt.Errorf("%q is no host name: write it without a port, such as parley.internal", name)
	}

	return nil
}

const (
	minDrain = 100 * time.Millisecond
	maxDrain = time.Hour
)

func checkGrace(d time.Duration) error {
	if d > maxDrain {
		return fmt.Errorf("%s is out of bounds: from 0s to %s", d, maxDrain)
	}

	return nil
}

func checkDrain(d time.Duration) error {
	if d < minDrain || d > maxDrain {
		return fmt.Errorf("%s is out of bounds: from %s to %s", d, minDrain, maxDrain)
	}

	return nil
}

// checkOperation also replaces a key of the form file:PATH by what the file holds.
func (c *Config) checkOperation() error {
	wrong := func(name string, err error) error { return fmt.Errorf("%s: %w", c.Where(name), err) }
	if c.Admin != "" {
		if _, err := checkOptional(c.Admin); err != nil {
			return wrong("admin", err)
		}
	}
	for _, name := range c.AdminHosts {
		if err := checkHost(name); err != nil {
			return wrong("admin_hosts", err)
		}
	}
	if len(c.AdminHosts) > 0 && c.Admin == "" {
		return fmt.Errorf("%s needs admin: the listener that has these names", c.Where("admin_hosts"))
	}
	if err := checkDrain(c.Drain); err != nil {
		return wrong("drain", err)
	}
	if err := checkGrace(c.Grace); err != nil {
		return wrong("grace", err)
	}
	if c.AdminKey != "" {
		key, err := ReadAdminKey(c.AdminKey)
		if err != nil {
			return wrong("admin_key", err)
		}
		c.AdminKey = key
	}
	if c.Admin != "" && reachable(c.Admin) && c.TLSCert == "" && !c.Insecure {
		return wrong("admin", fmt.Errorf("%s can be reached from other machines, so it needs tls_cert and tls_key: set them, or listen on 127.0.0.1, "+
			"or give insecure if only trusted machines reach it", c.Admin))
	}
	if c.Pprof != "" && c.Pprof == c.Admin && reachable(c.Admin) && c.AdminKey == "" && !c.Insecure {
		return wrong("pprof", fmt.Errorf("%s can be reached from other machines, and profiles tell what is in memory: "+
			"set admin_key, or listen on 127.0.0.1", c.Pprof))
	}

	return nil
}

// ReadAdminKey returns an admin key: the text itself, or what the file that it names (file:PATH)
// holds.
func ReadAdminKey(text string) (string, error) {
	key, err := readSecret(text, "an admin key")
	if err == nil && strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("it must be printable ASCII without spaces: it travels in a header")
	}

	return key, err
}

// pprofAlone is the address of a listener for profiles alone; empty: there is none.
func (c *Config) pprofAlone() string {
	if c.Pprof == c.Admin {
		return ""
	}

	return c.Pprof
}

// OpenMetrics tells whether /metrics on the HTTP listener is for every client: those of this
// machine reach it only, or the operator has said that it is safe.
func (c *Config) OpenMetrics() bool { return c.Insecure || !reachable(c.HTTP) }
