package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/latency"
)

const (
	maxAsking = 256     // questions at a time
	maxAnswer = 4 << 20 // bytes of an answer
	userAgent = "parley-hook/1"
)

// ErrUnavailable is the error of a question that was not asked, because the ones before it failed.
var ErrUnavailable = errors.New("the hook has failed several times in a row: it is not asked for a moment")

// Config says which server is asked.
type Config struct {
	URL     string
	Secret  string        // signs requests
	Timeout time.Duration // of a question, waiting included
	Node    string        // name of this node
	Log     *slog.Logger
}

// Hook asks one server. Safe for use by several goroutines, but for Start.
type Hook struct {
	cfg     Config
	web     *http.Client
	asking  chan struct{} // of maxAsking tokens
	breaker breaker

	events chan Event
	done   sync.WaitGroup
	cancel context.CancelFunc

	mu     sync.RWMutex
	closed bool // guarded by mu; events is closed

	stats    counters
	failures failureLog
}

type counters struct {
	answered, failed, skipped atomic.Uint64
	dropped                   atomic.Uint64
	times                     latency.Histogram
}

// Stats counts since the start.
type Stats struct {
	Answered, Failed uint64 // requests
	Skipped          uint64 // questions that were not asked: see ErrUnavailable
	Dropped          uint64 // events
	Times            latency.Snapshot
}

// New makes a hook. Events wait until Start.
func New(cfg Config) *Hook {
	return &Hook{
		cfg: cfg, asking: make(chan struct{}, maxAsking), events: make(chan Event, maxEvents), cancel: func() {},
		web: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: maxAsking, MaxConnsPerHost: maxAsking + 1, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a message goes nowhere else
		},
	}
}

// Start begins to tell events. Close follows.
func (h *Hook) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.done.Go(func() { h.tellEvents(ctx) })
}

// Close tells the events that wait, until ctx ends, and ends the goroutine.
func (h *Hook) Close(ctx context.Context) {
	h.mu.Lock()
	was := h.closed
	h.closed = true
	h.mu.Unlock()
	if was {
		return
	}
	close(h.events)
	stop := context.AfterFunc(ctx, h.cancel)
	defer stop()
	h.done.Wait()
	h.cancel()
	h.web.CloseIdleConnections()
}

// Stats reads the counters.
func (h *Hook) Stats() Stats {
	c := &h.stats

	return Stats{
		Answered: c.answered.Load(), Failed: c.failed.Load(), Skipped: c.skipped.Load(), Dropped: c.dropped.Load(), Times: c.times.Snapshot(),
	}
}

// post sends a signed request and reads its answer, which must have status 200 or 204.
func (h *Hook) post(ctx context.Context, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	seconds := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Parley-Node", h.cfg.Node)
	r.Header.Set("Parley-Signature", "t="+seconds+",v1="+Sign(h.cfg.Secret, seconds, body))
	began := time.Now()
	answer, err := h.web.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	h.stats.times.Observe(time.Since(began))
	if err != nil {
		return nil, err
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return text, nil
	}

	return nil, fmt.Errorf("status %s", answer.Status)
}

// Sign is the v1 part of the signature of a request.
func Sign(secret, seconds string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)

	return hex.EncodeToString(mac.Sum(nil))
}

// outcome counts a request, and tells the breaker.
func (h *Hook) outcome(err error) {
	if err == nil {
		h.stats.answered.Add(1)
		h.breaker.succeeded()

		return
	}
	h.stats.failed.Add(1)
	now := time.Now()
	if count := h.failures.due(now); count > 0 {
		h.cfg.Log.Warn("requests to the hook have failed", "count", count, "error", err)
	}
	if h.breaker.failed(now) {
		h.cfg.Log.Warn("the hook does not answer: it is not asked for a moment", "for", openTime.String(), "error", err)
	}
}
