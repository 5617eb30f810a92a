package hook

import (
	"context"
	"time"
)

const (
	maxEvents = 4096 // that wait
	perPost   = 100  // events of one request
	attempts  = 3    // at one request
	// eventTime bounds one attempt; pauseTime is between two.
	eventTime = 5 * time.Second
	pauseTime = time.Second
)

// Event is a user who has come or gone.
type Event struct {
	Kind      string    `json:"event"` // connect or disconnect
	User      string    `json:"user"`
	Session   string    `json:"session"`
	Node      string    `json:"node"`
	Transport string    `json:"transport,omitempty"`
	Reason    string    `json:"reason,omitempty"` // of a disconnect
	At        time.Time `json:"at"`
}

// report is the body of a request about events.
type report struct {
	Type   string  `json:"type"`
	Events []Event `json:"events"`
}

// Tell tells the server of an event, in the order of the calls. It does not block.
func (h *Hook) Tell(e Event) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		h.stats.dropped.Add(1)

		return
	}
	select {
	case h.events <- e:
	default:
		h.stats.dropped.Add(1)
	}
}

// tellEvents tells events until the queue is closed and empty.
func (h *Hook) tellEvents(ctx context.Context) {
	for e := range h.events {
		batch := append(make([]Event, 0, perPost), e)
		for more := true; more && len(batch) < perPost; {
			select {
			case e, ok := <-h.events:
				if more = ok; ok {
					batch = append(batch, e)
				}
			default:
				more = false
			}
		}
		h.report(ctx, batch)
	}
}

func (h *Hook) report(ctx context.Context, batch []Event) {
	for try := 1; ; try++ {
		attempt, cancel := context.WithTimeout(ctx, eventTime)
		_, err := h.post(attempt, report{"events", batch})
		cancel()
		h.outcome(err)
		if err == nil {
			return
		}
		if try == attempts || ctx.Err() != nil {
			h.stats.dropped.Add(uint64(len(batch)))
			h.cfg.Log.Warn("the hook was not told of users who came or went", "events", len(batch), "error", err)

			return
		}
		select {
		case <-time.After(pauseTime):
		case <-ctx.Done():
		}
	}
}
