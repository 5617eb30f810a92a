package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/node"
)

// The search for the nodes to join: every address of every name is asked, over and over, until the
// node there has a link to this one. It goes on as long as the node runs, because nodes come and
// go.

const (
	// askTime bounds one question.
	askTime = 2 * time.Second
	// The pauses between two rounds: while the node looks for the cluster, while an address does
	// not answer, and while all do.
	quickRound = 100 * time.Millisecond
	slowRound  = 2 * time.Second
	calmRound  = 15 * time.Second
	// warnAgain is how often missing addresses are named.
	warnAgain = time.Minute
)

// answered is what came of asking an address.
type answered struct {
	id  node.ID // of the node that is there; zero: none answered
	own bool    // it is this node
	err error
}

// search asks the addresses to join until ctx ends.
func (c *Cluster) search(ctx context.Context) {
	if len(c.cfg.Join) == 0 {
		return
	}
	begun, warned, said := time.Now(), time.Time{}, ""
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-c.searchNow:
		}
		c.gate()
		missing := c.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		c.checkSecret(time.Since(begun))
		now := time.Now()
		if what := strings.Join(missing, "; "); what != "" && now.Sub(begun) >= lookTime && (what != said || now.Sub(warned) >= warnAgain) {
			warned, said = now, what
			c.log.Warn("nodes to join are missing; this node goes on looking for them", "missing", missing)
		} else if what == "" && said != "" {
			said = ""
			c.log.Info("all nodes to join have been found")
		}
		c.mu.Lock()
		state := c.core.state
		c.mu.Unlock()
		switch {
		case state == looking:
			t.Reset(quickRound)
		case len(missing) > 0:
			t.Reset(slowRound)
		default:
			t.Reset(calmRound)
		}
	}
}

// ask asks every address to join whose node is not linked. It returns the names and addresses that
// are missing, each with the reason.
func (c *Cluster) ask(ctx context.Context) (missing []string) {
	addrs, missing := c.resolve(ctx)
	var asking sync.WaitGroup
	for _, addr := range addrs {
		c.mu.Lock()
		a := c.answers[addr]
		settled := a.own || !a.id.IsZero() && c.ep.To(a.id) != nil
		c.mu.Unlock()
		if !settled {
			asking.Go(func() { c.introduce(ctx, addr) })
		}
	}
	asking.Wait()
	c.event(func(acts []action, now time.Time) []action {
		all := len(missing) == 0
		for _, addr := range addrs {
			if a := c.answers[addr]; a.err != nil {
				missing = append(missing, addr+": "+a.err.Error())
				all = false
			}
		}
		for addr := range c.answers {
			if !slices.Contains(addrs, addr) { // the name has other addresses now
				delete(c.answers, addr)
			}
		}

		c.answeredAll = all

		return c.core.introduced(acts, c.allLinkedLocked(), now)
	})
	slices.Sort(missing)

	return missing
}

// allLinkedLocked tells whether every address has answered and every node that was introduced is
// linked.
func (c *Cluster) allLinkedLocked() bool {
	if len(c.cfg.Join) > 0 && !c.answeredAll {
		return false
	}
	for id, k := range c.known {
		if k.lost.IsZero() && c.ep.To(id) == nil {
			return false
		}
	}

	return true
}

// resolve lists all addresses of all names to join.
func (c *Cluster) resolve(ctx context.Context) (addrs, missing []string) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	set := make(map[string]bool)
	for _, target := range c.cfg.Join {
		host, port, err := net.SplitHostPort(target)
		if err != nil { // the settings are checked: it has a port
			missing = append(missing, target+": "+err.Error())

			continue
		}
		hosts, err := c.cfg.Resolve(ctx, host)
		if err != nil {
			missing = append(missing, target+": "+err.Error())

			continue
		}
		for _, h := range hosts {
			set[net.JoinHostPort(h, port)] = true
		}
	}

	return slices.Sorted(maps.Keys(set)), missing
}

// introduce asks which node is at an address, and exchanges introductions with it.
func (c *Cluster) introduce(ctx context.Context, addr string) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	peer, err := c.ep.Introduce(ctx, addr)
	a := answered{id: peer.ID, err: err}
	switch {
	case errors.Is(err, link.ErrSelf):
		a = answered{own: true}
	case err == nil:
		c.found(Introduction{ID: peer.ID, Addr: peer.Addr})
		if err := c.discovery.Join(ctx, addr); err != nil {
			a.err = fmt.Errorf("gossip: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[addr] = a
}

// checkSecret gives up if the secret was refused and no node has accepted it. A stranger at one of
// the addresses cannot cause that as long as a node answers at another one.
func (c *Cluster) checkSecret(looked time.Duration) {
	c.event(func(acts []action, _ time.Time) []action {
		refused, accepted, silent := 0, false, false
		for _, a := range c.answers {
			switch {
			case errors.Is(a.err, link.ErrSecret):
				refused++
			case a.own:
			case !a.id.IsZero():
				accepted = true
			default:
				silent = true
			}
		}
		if refused > 0 && !accepted && c.core.state == looking && len(c.core.peers) == 0 && (!silent || looked >= lookTime) && !c.everMember {
			c.failLocked(ErrSecret)
		}

		return acts
	})
}
