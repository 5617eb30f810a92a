package bucket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config describes a bucket.
type Config struct {
	Name     string // letters, digits, dashes, underscores
	Replicas int
	MaxBytes int64
	Timeout  time.Duration // of the longest operation; it says how long deletions are remembered

	// ConnTo is the best connection to the core node of that name, without blocking. Nil: there is
	// one connection only.
	ConnTo func(name string) *nats.Conn
}

const (
	// expiryMarkerTTL is how long the server's marker of an expired entry stays, for watchers.
	expiryMarkerTTL = 5 * time.Second
	// dedupWindow is the engine's duplicate detection, which is not used: as short as can be.
	dedupWindow = 100 * time.Millisecond

	shortestPause = time.Millisecond
	longestPause  = 64 * time.Millisecond
	maxConflicts  = 500
	attemptTime   = time.Second // for one request, where the context allows more

	headerDeleted  = "Parley-Deleted"
	headerTTL      = "Nats-TTL"
	headerExpected = "Nats-Expected-Last-Subject-Sequence"
	headerSequence = "Nats-Sequence"
	headerMarker   = "Nats-Marker-Reason"
	headerStatus   = "Status"
)

// Bucket is safe for use by several goroutines.
type Bucket struct {
	cfg    Config
	nc     *nats.Conn
	js     jetstream.JetStream
	stream string // its name
	prefix string // of the subjects

	ready    atomic.Bool   // the stream is there, as far as is known
	used     atomic.Bool   // since the leader was asked for
	leader   atomic.Value  // string: the core node that leads the stream, as far as is known; "": none
	creating chan struct{} // holds a token while the stream is created

	conflicts atomic.Uint64 // attempts of updates that another writer was ahead of
	retries   atomic.Uint64 // attempts without an answer that were made again
}

// New makes the handle of a bucket. The stream is created by the first operation.
func New(nc *nats.Conn, cfg Config) (*Bucket, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}

	b := &Bucket{
		cfg: cfg, nc: nc, js: js,
		stream: "PARLEY_" + cfg.Name, prefix: "parley.dive." + cfg.Name + ".",
		creating: make(chan struct{}, 1),
	}
	b.leader.Store("")

	return b, nil
}

// Ensure creates the stream if it is not known to be there. It returns when the stream is there, or
// ctx ends.
func (b *Bucket) Ensure(ctx context.Context) error {
	for attempt := 0; !b.ready.Load(); attempt++ {
		select {
		case b.creating <- struct{}{}:
		case <-ctx.Done():
			return unavailable(ctx.Err(), false)
		}
		err := b.create(ctx)
		<-b.creating
		if err == nil {
			return nil
		}
		if !b.pause(ctx, attempt) {
			return unavailable(err, false)
		}
	}

	return nil
}

func (b *Bucket) create(ctx context.Context) error {
	if b.ready.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*attemptTime)
	defer cancel()
	_, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        b.stream,
		Description: "a storage of Parley's package dive",
		Subjects:    []string{b.prefix + "*"},
		Storage:     jetstream.MemoryStorage,
		Replicas:    b.cfg.Replicas,
		MaxBytes:    b.cfg.MaxBytes,
		Discard:     jetstream.DiscardNew,
		Duplicates:  dedupWindow,

		MaxMsgsPerSubject:      1,
		AllowRollup:            true,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: expiryMarkerTTL,
		AllowDirect:            b.cfg.Replicas == 1,
	})
	if err == nil {
		b.ready.Store(true)
	}

	return err
}

// Get reads an entry.
func (b *Bucket) Get(ctx context.Context, key string) (Entry, error) {
	for attempt := 0; ; attempt++ {
		if err := b.Ensure(ctx); err != nil {
			return Entry{}, err
		}
		e, err := b.read(ctx, key)
		if err == nil {
			return e, nil
		}
		b.suspect(err)
		b.retries.Add(1)
		if !b.pause(ctx, attempt) {
			return Entry{}, unavailable(err, false)
		}
	}
}

// suspect has the stream created anew before the next request if it may be gone, and has the next
// request go over the node's own connection if the leader has not answered.
func (b *Bucket) suspect(err error) {
	if err != nil && !errors.Is(err, errConflict) {
		b.leader.Store("")
	}
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, errNoStream) {
		b.ready.Store(false)
	}
}

func (b *Bucket) read(ctx context.Context, key string) (Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	if b.cfg.Replicas > 1 {
		return b.readLeader(ctx, key)
	}
	answer, err := b.conn().RequestWithContext(ctx, "$JS.API.DIRECT.GET."+b.stream+"."+b.prefix+encodeKey(key), nil)
	if err != nil {
		return Entry{}, err
	}
	switch status := answer.Header.Get(headerStatus); status {
	case "":
	case "404":
		return Entry{}, nil
	default:
		return Entry{}, fmt.Errorf("the engine answers %s %s", status, answer.Header.Get("Description"))
	}
	seq, err := strconv.ParseUint(answer.Header.Get(headerSequence), 10, 64)
	if err != nil {
		return Entry{}, fmt.Errorf("the engine's answer has no sequence number: %w", err)
	}

	return decodeEntry(seq, answer.Data), nil
}

type getResponse struct {
	Error   *apiError `json:"error"`
	Message *struct {
		Seq  uint64 `json:"seq"`
		Data []byte `json:"data"`
	} `json:"message"`
}

func (b *Bucket) readLeader(ctx context.Context, key string) (Entry, error) {
	ask, err := json.Marshal(map[string]string{"last_by_subj": b.prefix + encodeKey(key)})
	if err != nil {
		return Entry{}, err
	}
	answer, err := b.conn().RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+b.stream, ask)
	if err != nil {
		return Entry{}, err
	}
	var r getResponse
	switch err := json.Unmarshal(answer.Data, &r); {
	case err != nil:
		return Entry{}, err
	case r.Error != nil && r.Error.ErrCode == codeNoMessage:
		return Entry{}, nil
	case r.Error != nil:
		return Entry{}, r.Error.err()
	case r.Message == nil:
		return Entry{}, errors.New("the engine's answer has no message")
	}

	return decodeEntry(r.Message.Seq, r.Message.Data), nil
}

// write sends one message. Expected is the sequence number of the key's newest message; nil:
// whatever it is.
func (b *Bucket) write(ctx context.Context, key string, e Entry, ttl uint32, expected *uint64) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	m := nats.NewMsg(b.prefix + encodeKey(key))
	m.Data = e.encode()
	m.Header[headerTTL] = []string{strconv.FormatUint(uint64(ttl), 10)}
	if e.Value == nil {
		m.Header[headerDeleted] = []string{"1"}
	}
	if expected != nil {
		m.Header[headerExpected] = []string{strconv.FormatUint(*expected, 10)}
	}
	answer, err := b.conn().RequestMsgWithContext(ctx, m)
	if errors.Is(err, nats.ErrMaxPayload) {
		return ErrTooLarge
	}
	if err != nil {
		return err
	}
	var ack struct {
		Error *apiError `json:"error"`
		Seq   uint64    `json:"seq"`
	}
	switch err := json.Unmarshal(answer.Data, &ack); {
	case err != nil:
		return err
	case ack.Error != nil:
		return ack.Error.err()
	case ack.Seq == 0:
		return errors.New("the engine's answer has no sequence number")
	}

	return nil
}

// unavailable is the error of an operation that has run out of time.
func unavailable(err error, unknown bool) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	if unknown {
		return fmt.Errorf("%w: %s; the outcome is unknown", ErrUnavailable, reason(err))
	}

	return fmt.Errorf("%w: %s", ErrUnavailable, reason(err))
}

// pause waits before the next attempt, randomly so that writers of one key do not meet again. It is
// false if ctx ends first, or the connection has been closed.
func (b *Bucket) pause(ctx context.Context, attempt int) bool {
	most := min(shortestPause<<min(attempt, 16), longestPause)
	t := time.NewTimer(rand.N(most))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil && !b.nc.IsClosed()
	case <-ctx.Done():
		return false
	}
}
