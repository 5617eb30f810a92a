package dive

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/strictjson"
)

const (
	// MaxTTL is the longest time to live, in seconds, and the default one.
	MaxTTL = 86400

	defaultMaxBytes = 64 << 20
	minMaxBytes     = 64 << 10
	defaultTimeout  = 3 * time.Second
	minTimeout      = 100 * time.Millisecond
	maxTimeout      = time.Minute
	maxReplicas     = 5 // the engine's bound
	maxName         = 64
)

// Options are the settings of a storage. The zero value is good. All nodes must give a storage the
// same: the last node to start sets them for all.
type Options struct {
	// DefaultTTL is the time to live, in seconds, where an operation names none: 1 to 86400.
	// Default: 86400.
	DefaultTTL uint32
	// Replicas is how many core nodes keep each value: 1, 3 or 5. Default: 1.
	Replicas int
	// MaxBytes bounds what the storage keeps, keys and 100 bytes or so for each entry included: at
	// least 65536. Beyond it writes end in [ErrFull]. Default: 67108864.
	MaxBytes int64
	// Timeout bounds each operation: 100 ms to 1 m. Default: 3 s.
	Timeout time.Duration

	// RingSize has no effect: the engine places values by itself.
	RingSize int
	// TargetNodeType has no effect: core nodes keep the storages.
	TargetNodeType string
	// Migration has no effect: the engine replicates by itself.
	Migration bool
	// MigrationBatchSize has no effect, as Migration.
	MigrationBatchSize int
	// MigrationInterval has no effect, as Migration.
	MigrationInterval int
}

// withoutEffect are the original engine's keys of dive.json: see docs/migrate.md.
var withoutEffect = []string{
	"targetNodeType", "multipleIndex", "ringSize", "cleanInterval", "migration", "migrationBatchSize", "migrationInterval",
}

const storagesKey = "storages"

var (
	fileKeys    = append([]string{storagesKey}, withoutEffect...)
	storageKeys = append([]string{"defaultTTL", "replicas", "maxBytes", "timeout"}, withoutEffect...)
)

// parseSettings reads the text of dive.json. Each warning and the error is one line.
func parseSettings(data []byte) (storages map[string]Options, warnings []string, err error) {
	fields, err := strictjson.Object(data, fileKeys)
	if err != nil {
		return nil, nil, err
	}
	storages = map[string]Options{}
	for _, f := range fields {
		if f.Key != storagesKey {
			warnings = append(warnings, fmt.Sprintf("line %d: %q: %s", f.Line, f.Key, noEffect))

			continue
		}
		raw, err := f.Object()
		if err != nil {
			return nil, nil, err
		}
		named, err := strictjson.Members(raw)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range named {
			if err := checkName(s.Key); err != nil {
				return nil, nil, fmt.Errorf("line %d: %w", s.Line, err)
			}
			o, warned, err := parseStorage(s)
			if err != nil {
				return nil, nil, err
			}
			storages[s.Key] = o
			warnings = append(warnings, warned...)
		}
	}

	return storages, warnings, nil
}

const noEffect = "it is the original engine's, and has no effect"

func parseStorage(s strictjson.Field) (o Options, warnings []string, err error) {
	raw, err := s.Object()
	if err != nil {
		return o, nil, err
	}
	fields, err := strictjson.Object(raw, storageKeys)
	if err != nil {
		return o, nil, err
	}
	for _, f := range fields {
		if slices.Contains(withoutEffect, f.Key) {
			warnings = append(warnings, fmt.Sprintf("line %d: %q of %q: %s", f.Line, f.Key, s.Key, noEffect))

			continue
		}
		if err := o.read(f); err != nil {
			return o, nil, err
		}
	}

	return o.complete(), warnings, nil
}

func (o *Options) read(f strictjson.Field) (err error) {
	var n int
	switch f.Key {
	case "timeout":
		if o.Timeout, err = f.Duration(); err == nil {
			err = checkTimeout(o.Timeout)
		}
	case "defaultTTL":
		if n, err = f.Int(); err == nil {
			o.DefaultTTL, err = checkTTL(int64(n))
		}
	case "replicas":
		if o.Replicas, err = f.Int(); err == nil {
			err = checkReplicas(o.Replicas)
		}
	default:
		n, err = f.Int()
		if o.MaxBytes = int64(n); err == nil {
			err = checkMaxBytes(o.MaxBytes)
		}
	}
	if _, placed := errors.AsType[*strictjson.Error](err); err == nil || placed {
		return err
	}

	return f.Refuse("is wrong: " + err.Error())
}

// complete returns the options with the defaults of what is zero.
func (o *Options) complete() Options {
	c := *o
	if c.DefaultTTL == 0 {
		c.DefaultTTL = MaxTTL
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}

	return c
}

func (o *Options) check() error {
	if _, err := checkTTL(int64(o.DefaultTTL)); err != nil {
		return fmt.Errorf("option DefaultTTL: %w", err)
	}
	if err := checkReplicas(o.Replicas); err != nil {
		return fmt.Errorf("option Replicas: %w", err)
	}
	if err := checkMaxBytes(o.MaxBytes); err != nil {
		return fmt.Errorf("option MaxBytes: %w", err)
	}
	if err := checkTimeout(o.Timeout); err != nil {
		return fmt.Errorf("option Timeout: %w", err)
	}

	return nil
}

// warnings are what the log should say of options that have no effect.
func (o *Options) warnings() (warnings []string) {
	for _, w := range []struct {
		name string
		set  bool
	}{
		{"RingSize", o.RingSize != 0},
		{"TargetNodeType", o.TargetNodeType != ""},
		{"Migration", o.Migration},
		{"MigrationBatchSize", o.MigrationBatchSize != 0},
		{"MigrationInterval", o.MigrationInterval != 0},
	} {
		if w.set {
			warnings = append(warnings, w.name+": "+noEffect)
		}
	}

	return warnings
}

func checkTTL(ttl int64) (uint32, error) {
	if ttl < 1 || ttl > MaxTTL {
		return 0, fmt.Errorf("%w: %d s is out of bounds: from 1 to %d", ErrInvalidTTL, ttl, MaxTTL)
	}

	return uint32(ttl), nil
}

func checkReplicas(n int) error {
	if n < 1 || n > maxReplicas || n%2 == 0 {
		return fmt.Errorf("%d replicas: a storage has 1, 3 or 5", n)
	}

	return nil
}

func checkMaxBytes(n int64) error {
	if n < minMaxBytes {
		return fmt.Errorf("%d bytes: a storage has at least %d", n, minMaxBytes)
	}

	return nil
}

func checkTimeout(d time.Duration) error {
	if d < minTimeout || d > maxTimeout {
		return fmt.Errorf("%s is out of bounds: from %s to %s", d, minTimeout, maxTimeout)
	}

	return nil
}

// checkName also keeps the name of the engine's stream within what NATS takes.
func checkName(name string) error {
	valid := name != "" && len(name) <= maxName
	for _, r := range name {
		valid = valid && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}
	if !valid {
		return fmt.Errorf("%w: %q is no storage's name: 1 to %d letters, digits, dashes or underscores", ErrUnknownStorage, name, maxName)
	}

	return nil
}
