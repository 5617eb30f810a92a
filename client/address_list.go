package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// badFor is how long an address is tried only when every address is bad, after its connection broke
// or an attempt failed.
const badFor = 30 * time.Second

// addressList is the addresses of a client: the one in use, and which of them are bad. Dial uses it
// first, then the goroutine run alone: it has no lock.
type addressList struct {
	all     []address
	failed  []time.Time // when each address failed last; zero if it did not, or works again
	current int         // index of the address of the last connection
	shuffle func(n int, swap func(i, j int))
}

// parseAddresses reads URLs with commas between them.
func parseAddresses(urls string, cfg *config) (*addressList, error) {
	l := &addressList{shuffle: cfg.shuffle}
	for raw := range strings.SplitSeq(urls, ",") {
		a, err := parseAddress(strings.TrimSpace(raw), cfg.tls)
		if err != nil {
			return nil, err
		}
		a.index = len(l.all)
		l.all = append(l.all, a)
	}
	l.failed = make([]time.Time, len(l.all))

	return l, nil
}

// first tries each address once, in order. The error has the reasons of all addresses.
func (l *addressList) first(ctx context.Context, cfg *config) (*conn, error) {
	var reasons error
	for _, a := range l.all {
		cn, err := connectOrExplain(ctx, a, l.timeout(), cfg)
		if err == nil {
			l.use(a)

			return cn, nil
		}
		l.markBad(a)
		if reasons == nil {
			reasons = err
		} else {
			reasons = fmt.Errorf("%w; %w", reasons, err)
		}
		if ctx.Err() != nil || stayAway(err) != nil || errors.Is(err, errNoToken) {
			break
		}
	}

	return nil, reasons
}

// timeout bounds one attempt.
func (l *addressList) timeout() time.Duration {
	if len(l.all) > 1 {
		return shorterTimeout
	}

	return connectTimeout
}

// used is the address of the last connection.
func (l *addressList) used() address { return l.all[l.current] }

// use notes that a connection to a was made.
func (l *addressList) use(a address) {
	l.current = a.index
	l.failed[a.index] = time.Time{}
}

func (l *addressList) markBad(a address) { l.failed[a.index] = time.Now() }

func (l *addressList) markAllBad() {
	for _, a := range l.all {
		l.markBad(a)
	}
}

// good returns the addresses that are not bad, in random order: the clients of one dead node spread
// over the others.
func (l *addressList) good() []address {
	var good []address
	for i, a := range l.all {
		if l.failed[i].IsZero() || time.Since(l.failed[i]) >= badFor {
			good = append(good, a)
		}
	}
	l.shuffle(len(good), func(i, j int) { good[i], good[j] = good[j], good[i] })

	return good
}

// oldestFirst returns all addresses, those first that failed longest ago.
func (l *addressList) oldestFirst() []address {
	return slices.SortedStableFunc(slices.Values(l.all), func(a, b address) int {
		return cmp.Compare(l.failed[a.index].UnixNano(), l.failed[b.index].UnixNano())
	})
}
