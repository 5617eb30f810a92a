package chaos

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// watchReadiness asks every node again and again whether it is ready, as a load balancer does,
// until ctx ends.
func (c *cluster) watchReadiness(ctx context.Context) {
	const every = 50 * time.Millisecond
	web := c.httpClient()
	defer web.CloseIdleConnections()
	var all sync.WaitGroup
	for _, n := range c.nodes {
		all.Go(func() {
			for sleep(ctx, every) == nil {
				n.mu.Lock()
				addr, asked, state := n.http, n.process, n.state
				n.mu.Unlock()
				if state == nodeDown {
					continue
				}
				said := readiness(ctx, web, addr)
				n.mu.Lock()
				if n.process == asked && n.state != nodeDown {
					n.ready = said == ""
				}
				n.mu.Unlock()
			}
		})
	}
	all.Wait()
}

// httpClient is an HTTP client at the clients' place.
func (c *cluster) httpClient() *http.Client {
	return &http.Client{
		Timeout: time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return c.network.dial(ctx, clients, network, addr)
		}},
	}
}

// readiness is why a node is not ready, in its own words or those of the attempt to ask; "" if it
// is.
func readiness(ctx context.Context, web *http.Client, addr string) string {
	const most = 200
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
	if err != nil {
		return err.Error()
	}
	answer, err := web.Do(ask)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	switch {
	case err != nil:
		return err.Error()
	case answer.StatusCode != http.StatusOK:
		return fmt.Sprintf("%s: %s", answer.Status, strings.TrimSpace(string(text)))
	}

	return ""
}

// awaitReady waits until all nodes are ready, and returns how long that took from some moment on.
func (r *runner) awaitReady(ctx context.Context, from moment) time.Duration {
	for {
		var missing []string
		for _, n := range r.cluster.nodes {
			n.mu.Lock()
			if !n.ready {
				missing = append(missing, n.name)
			}
			n.mu.Unlock()
		}
		took := r.history.now().since(from)
		if len(missing) == 0 || sleep(ctx, 10*time.Millisecond) != nil {
			return took
		}
		if took > r.o.Within {
			r.history.violated(violation{rule: notReady, text: fmt.Sprintf("%v after %v", r.whyNotReady(ctx, missing), took)})

			return took
		}
	}
}

func (r *runner) whyNotReady(ctx context.Context, missing []string) (reasons []string) {
	web := r.cluster.httpClient()
	defer web.CloseIdleConnections()
	for _, n := range r.cluster.nodes {
		for _, name := range missing {
			if n.name == name {
				reasons = append(reasons, name+": "+readiness(ctx, web, n.http))
			}
		}
	}

	return reasons
}
