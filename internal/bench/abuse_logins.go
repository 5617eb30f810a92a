package bench

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// HonestLogins is what became of the logins of new honest users, one each honestLoginEvery, each
// from an address of its own.
type HonestLogins struct {
	Tried  uint64  `json:"tried"`
	Failed uint64  `json:"failed"` // not welcome within 5 s
	Took   Latency `json:"took"`   // of the others
	Error  string  `json:"error,omitempty"`
}

const (
	honestLoginEvery = 100 * time.Millisecond
	loginNetwork     = 4 // 127.0.4.x
)

// startLogins begins the logins; the result waits for the last one.
func (h *honestLoad) startLogins(ctx context.Context, duration time.Duration) (wait func() HonestLogins) {
	sys := h.system.withLimits("login-")
	sys.localAddr = func(user uint32) net.Addr { return loopbackAddr(loginNetwork, 1+int(user)%250) }
	ctx, cancel := context.WithTimeout(ctx, duration+h.patience)
	var tried, failed atomic.Uint64
	var first atomic.Pointer[string]
	took := newRecorders(1)
	var logins sync.WaitGroup
	logins.Go(func() {
		for end := time.Now().Add(duration); time.Now().Before(end) && sleep(ctx, honestLoginEvery); {
			user := h.nextLogin.Add(1)
			tried.Add(1)
			logins.Go(func() {
				ctx, done := context.WithTimeout(ctx, h.patience)
				defer done()
				begin := time.Now()
				c, err := sys.dial(ctx, 0, user)
				if err != nil {
					failed.Add(1)
					text := err.Error()
					first.CompareAndSwap(nil, &text)

					return
				}
				took.forWorker(0).add(time.Since(begin))
				c.close()
			})
		}
	})

	return func() HonestLogins {
		logins.Wait()
		cancel()
		l := HonestLogins{Tried: tried.Load(), Failed: failed.Load(), Took: latencyOf(took.merged())}
		if text := first.Load(); text != nil {
			l.Error = *text
		}

		return l
	}
}
