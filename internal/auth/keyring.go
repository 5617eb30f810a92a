package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultFileInterval is how often a Keyring reads its files again.
	DefaultFileInterval = 10 * time.Second
	// DefaultFetchInterval is how often a Keyring fetches its URLs.
	DefaultFetchInterval = 5 * time.Minute
	// MinFetchInterval is the least time between two fetches of the URLs, after failures and
	// because of unknown kids too: clients choose the kids of their tokens.
	MinFetchInterval = 30 * time.Second
)

// KeyringConfig says where a Keyring has its keys from, and what it accepts.
type KeyringConfig struct {
	// Keys has one entry for each source: a secret or file:PATH as ParseKey takes them, jwks:PATH
	// of a JWKS file, or the https URL of a JWKS. At least one is needed; at most 32 keys in all.
	Keys   []string
	Policy Policy
	// FileInterval and FetchInterval stand for their defaults if 0. FetchInterval is at least
	// MinFetchInterval.
	FileInterval, FetchInterval time.Duration
	// Client fetches the URLs; nil is a client with limits of its own.
	Client *http.Client
	Logger *slog.Logger // nil is slog.Default
}

// Keyring is a Verifier with several keys, which change while it runs. A source that cannot be read
// keeps its keys of before. Safe for use by several goroutines.
//
// NewKeyring has read the secrets and files; Start fetches the URLs.
type Keyring struct {
	config KeyringConfig
	keys   atomic.Pointer[[]Key]
	remote bool // whether a source is a URL

	wanted chan struct{} // capacity 1: an unknown kid was seen
	cancel context.CancelFunc
	done   chan struct{}

	mu        sync.Mutex // held while sources are read; never taken by Verify
	sources   []*source
	lastFetch time.Time // the begin of the last fetch of the URLs
	failing   bool      // whether a URL failed in the last fetch
}

// Open is NewKeyring followed by Start. The context bounds the first reading only.
func Open(ctx context.Context, config KeyringConfig) (*Keyring, error) {
	k, err := NewKeyring(config) //nolint:contextcheck // it only reads files
	if err != nil {
		return nil, err
	}
	if err := k.Start(ctx); err != nil {
		return nil, err
	}

	return k, nil
}

// NewKeyring reads the secrets and the files. It opens nothing. The error says which source is bad.
func NewKeyring(config KeyringConfig) (*Keyring, error) {
	if len(config.Keys) == 0 {
		return nil, fmt.Errorf("%w: there is none; %s", ErrKey, wantedShort)
	}
	config.setDefaults()
	k := &Keyring{config: config, wanted: make(chan struct{}, 1), done: make(chan struct{})}
	for _, spec := range config.Keys {
		s, err := newSource(spec, config.Client)
		if err != nil {
			return nil, err
		}
		k.sources = append(k.sources, s)
		k.remote = k.remote || s.remote
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.readLocked(context.Background(), false); err != nil {
		return nil, err
	}

	return k, nil
}

// Start fetches the URLs, and from then on reads all sources again in the background until Close.
// The context bounds the first fetch only. After an error, nothing runs: a node must not start with
// half of its keys.
func (k *Keyring) Start(ctx context.Context) error {
	if k.remote {
		if err := k.Reload(ctx); err != nil {
			return err
		}
	}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	k.cancel = cancel
	go k.run(background)

	return nil
}

func (c *KeyringConfig) setDefaults() {
	if c.FileInterval <= 0 {
		c.FileInterval = DefaultFileInterval
	}
	if c.FetchInterval <= 0 {
		c.FetchInterval = DefaultFetchInterval
	}
	c.FetchInterval = max(c.FetchInterval, MinFetchInterval)
	if c.Client == nil {
		c.Client = newClient()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// Close ends the background reading and waits for its end. Verify goes on with the last keys. It
// does nothing before Start.
func (k *Keyring) Close() {
	if k.cancel == nil {
		return
	}
	k.cancel()
	<-k.done
}

// Verify implements Verifier. A token whose kid is unknown has the URLs fetched in the background,
// at most once in MinFetchInterval, and is refused with ErrTokenUnknownKey.
func (k *Keyring) Verify(token string) (Identity, error) {
	id, hasUnknown, err := verify(token, *k.keys.Load(), &k.config.Policy)
	if err == nil || !hasUnknown || !k.remote {
		return id, err
	}
	select {
	case k.wanted <- struct{}{}:
	default: // a fetch is due already
	}

	return Identity{}, ErrTokenUnknownKey
}

// Signer returns the first key that can mint tokens, and the zero Key if there is none.
func (k *Keyring) Signer() Key {
	for _, key := range *k.keys.Load() {
		if key.CanMint() {
			return key
		}
	}

	return Key{}
}

// Reload reads all sources now, as after SIGHUP. The error joins those of the sources that keep
// their keys of before.
func (k *Keyring) Reload(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()

	return k.readLocked(ctx, true)
}

// readLocked reads the files, and the URLs if fetch is true, and publishes the keys if all in all
// there are not too many.
func (k *Keyring) readLocked(ctx context.Context, fetch bool) error {
	if fetch {
		k.lastFetch, k.failing = time.Now(), false
	}
	var (
		all  []Key
		errs []error
	)
	for _, s := range k.sources {
		if fetch || !s.remote {
			if err := k.load(ctx, s); err != nil {
				errs = append(errs, err)
				k.failing = k.failing || s.remote
			}
		}
		all = append(all, s.keys...)
	}
	if len(all) > maxKeys {
		return errors.Join(append(errs, fmt.Errorf("%w: there are %d keys; want at most %d", ErrKey, len(all), maxKeys))...)
	}
	if k.keys.Load() != nil || len(errs) == 0 { // the first reading is all or nothing
		k.keys.Store(&all)
	}

	return errors.Join(errs...)
}

// load reads one source and logs what has changed: a failure once, and its end.
func (k *Keyring) load(ctx context.Context, s *source) error {
	keys, err := s.load(ctx)
	first := s.keys == nil
	switch {
	case err != nil && ctx.Err() != nil: // the Keyring or its caller stops
		return err
	case err != nil:
		if !first && s.failed != err.Error() {
			k.config.Logger.Warn("auth keys cannot be read: the keys of before stay in use", "source", s.name, "error", err)
		}
		s.failed = err.Error()

		return err
	}
	if !first && (s.failed != "" || !sameKeys(s.keys, keys)) {
		k.config.Logger.Info("auth keys were read again", "source", s.name, "keys", len(keys))
	}
	s.keys, s.failed = keys, ""

	return nil
}

// run reads the files and fetches the URLs as they become due.
func (k *Keyring) run(ctx context.Context) {
	defer close(k.done)
	files := time.NewTicker(k.config.FileInterval)
	defer files.Stop()
	urls := time.NewTimer(k.untilFetch(false))
	defer urls.Stop()
	for {
		fetch := false
		select {
		case <-ctx.Done():
			return
		case <-k.wanted:
			urls.Reset(k.untilFetch(true))

			continue
		case <-files.C:
		case <-urls.C:
			fetch = k.remote
		}
		k.mu.Lock()
		err := k.readLocked(ctx, fetch)
		k.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			k.config.Logger.Debug("reading auth keys", "error", err)
		}
		if fetch {
			urls.Reset(k.untilFetch(false))
		}
	}
}

// untilFetch is how long the next fetch has to wait. soon is set for an unknown kid.
func (k *Keyring) untilFetch(soon bool) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	interval := k.config.FetchInterval
	if soon || k.failing {
		interval = MinFetchInterval
	}

	return max(0, time.Until(k.lastFetch.Add(interval)))
}

// sameKeys tells whether both lists have the same keys in the same order.
func sameKeys(a, b []Key) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].equal(b[i]) {
			return false
		}
	}

	return true
}
