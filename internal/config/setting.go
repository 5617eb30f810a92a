package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says how the value of a setting is written.
type Kind uint8

// Kinds of settings.
const (
	Text     Kind = iota // a string
	Switch               // true or false; as a flag its name alone
	List                 // commas on the command line and in variables, an array of strings in a file
	Object               // a JSON object: only in a file
	Number               // a whole number
	Fraction             // a number
)

// Setting is one row of the table of settings.
type Setting struct {
	Name    string // in files; see Flag and Env for the other forms
	Kind    Kind
	Value   string // what stands for the value in help, such as ADDR
	Help    string
	Default string // as it would be written; empty: none, or as Help says
	Secret  bool   // never shown

	set   func(c *Config, text string) error
	empty func(c *Config) bool // nil: there is no default to fill in
}

// Flag is the setting's name on the command line, without the dashes before it.
func (s Setting) Flag() string { return strings.ReplaceAll(s.Name, "_", "-") }

// Env is the setting's environment variable.
func (s Setting) Env() string { return EnvPrefix + strings.ToUpper(s.Name) }

// EnvPrefix begins the names of all environment variables of Parley.
const EnvPrefix = "PARLEY_"

// Settings is the table of all settings, in the order in which they are shown.
func Settings() []Setting {
	return slices.Concat(listenSettings(), authSettings(), doorSettings(), fairnessSettings(), generalSettings())
}

func listenSettings() []Setting {
	return []Setting{
		text("node", "NAME", "", "name of this node (default: the host's name)", checkNode, func(c *Config) *string { return &c.Node }),
		text("tcp", "ADDR", "127.0.0.1:7200", "where TCP clients connect; off closes it", checkListener, func(c *Config) *string { return &c.TCP }),
		text("http", "ADDR", "127.0.0.1:7000", "where WebSocket clients connect (/ws); off closes it", checkListener,
			func(c *Config) *string { return &c.HTTP }),
		text("cluster", "ADDR", "", "where other nodes' links and gossip come in (TCP and UDP); off: a single node", checkOptional,
			func(c *Config) *string { return &c.Cluster }),
		text("advertise", "ADDR", "", "where other nodes reach the cluster address, if elsewhere", checkAdvertise,
			func(c *Config) *string { return &c.Advertise }),
		{
			Name: "join", Kind: List, Value: "ADDR,…", Help: "cluster addresses (IP or DNS name, and port) of some or all nodes; this one may be among them",
			set: func(c *Config, text string) (err error) {
				c.Join, err = parseJoin(text)

				return err
			},
		},
		{
			Name: "min_members", Kind: Number, Value: "N", Default: "1", Help: "not ready with fewer members in view, this node included",
			set: func(c *Config, text string) (err error) {
				c.MinMembers, err = parseMinMembers(text)

				return err
			},
			empty: func(c *Config) bool { return c.MinMembers == 0 },
		},
		text("nats", "URL", "", "JetStream of this NATS cluster for storages", checkNATS, func(c *Config) *string { return &c.NATS }),
		text("core", "ADDR", "", "this node keeps storages: where other nodes' storage connections come in (TCP), and at the next port routes of core nodes",
			checkCore, func(c *Config) *string { return &c.Core }),
		{
			Name: "core_nodes", Kind: List, Value: "ADDR,…",
			Help: "core addresses (IP or DNS name, and port) of all core nodes, an odd number, the same at all nodes; needed for storages in a cluster",
			set: func(c *Config, text string) (err error) {
				c.CoreNodes, err = parseJoin(text)

				return err
			},
		},
		secret("cluster_secret", "shared by all nodes, at least 16 bytes, or file:PATH with such a secret; required with cluster",
			func(c *Config) *string { return &c.ClusterSecret }),
	}
}

func generalSettings() []Setting {
	return []Setting{
		text("tls_cert", "FILE", "", "PEM certificate of the client listeners", nil, func(c *Config) *string { return &c.TLSCert }),
		text("tls_key", "FILE", "", "PEM private key of the client listeners", nil, func(c *Config) *string { return &c.TLSKey }),
		{
			Name: "insecure", Kind: Switch, Default: "false", Help: "allow listeners that other machines reach to have a made-up auth key or no TLS",
			set: func(c *Config, text string) (err error) {
				c.Insecure, err = parseSwitch(text)

				return err
			},
		},
		devSetting(),
		text("pprof", "ADDR", "", "where profiles of this node can be had (/debug/pprof/); off: nowhere", checkOptional,
			func(c *Config) *string { return &c.Pprof }),
		bounded("heartbeat", "15s", "longest silence of a healthy connection; after two the session ends", checkHeartbeat,
			func(c *Config) *time.Duration { return &c.Heartbeat }),
		text("log_level", "LEVEL", "info", "debug, info, warn or error", oneOf("debug", "info", "warn", "error"),
			func(c *Config) *string { return &c.LogLevel }),
		text("log_format", "FORMAT", "text", "text or json", oneOf("text", "json"), func(c *Config) *string { return &c.LogFormat }),
		adminSetting(),
		adminKeySetting(),
		adminHostsSetting(),
		drainSetting(),
		graceSetting(),
		hookURLSetting(),
		hookSecretSetting(),
		hookTimeoutSetting(),
		hookFailureSetting(),
		otlpSetting(),
		traceRatioSetting(),
		object("dm", "stands in for dm.json", func(c *Config) *[]byte { return (*[]byte)(&c.DM) }),
		object("dive", "stands in for dive.json", func(c *Config) *[]byte { return (*[]byte)(&c.Dive) }),
	}
}

// text is a setting whose value is kept as it is written, once check (which may be nil) has passed
// it.
func text(name, value, preset, help string, check func(string) (string, error), field func(*Config) *string) Setting {
	return Setting{
		Name: name, Value: value, Help: help, Default: preset,
		set: func(c *Config, text string) error {
			if check != nil {
				checked, err := check(text)
				if err != nil {
					return err
				}
				*field(c) = checked

				return nil
			}
			*field(c) = text

			return nil
		},
		empty: func(c *Config) bool { return *field(c) == "" },
	}
}

func secret(name, help string, field func(*Config) *string) Setting {
	s := text(name, "KEY", "", help, nil, field)
	s.Secret = true

	return s
}

func object(name, help string, field func(*Config) *[]byte) Setting {
	return Setting{
		Name: name, Kind: Object, Help: help,
		set: func(c *Config, text string) error {
			*field(c) = []byte(text)

			return nil
		},
	}
}

func oneOf(words ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if slices.Contains(words, text) {
			return text, nil
		}

		return "", fmt.Errorf("%q is none of %s", text, strings.Join(words, ", "))
	}
}

func parseSwitch(text string) (bool, error) {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", text)
	}

	return on, nil
}

const (
	minHeartbeat = 100 * time.Millisecond // below, a busy machine looks like a dead one
	maxHeartbeat = 10 * time.Minute       // beyond, a vanished peer would go unnoticed
)

func checkHeartbeat(d time.Duration) error {
	if d < minHeartbeat || d > maxHeartbeat {
		return fmt.Errorf("%s is out of bounds: from %s to %s", d, minHeartbeat, maxHeartbeat)
	}

	return nil
}

// maxMinMembers is beyond any cluster: each two nodes have a link.
const maxMinMembers = 1000

func parseMinMembers(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", text)
	}

	return n, checkMinMembers(n)
}

func checkMinMembers(n int) error {
	if n < 1 || n > maxMinMembers {
		return fmt.Errorf("%d is out of bounds: from 1 to %d", n, maxMinMembers)
	}

	return nil
}

const maxNodeName = 64

func nodeRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

func checkNode(text string) (string, error) {
	switch {
	case text == "":
		return "", errors.New("it is empty: a node name has 1 to 64 letters, digits, dots, dashes or underscores")
	case len(text) > maxNodeName:
		return "", fmt.Errorf("it has %d bytes: a node name has at most %d", len(text), maxNodeName)
	}
	for _, r := range text {
		if !nodeRune(r) {
			return "", fmt.Errorf("%q has the character %q: a node name has letters, digits, dots, dashes and underscores", text, r)
		}
	}

	return text, nil
}
