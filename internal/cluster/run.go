package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// Start joins the cluster. It returns nil when the node is a member and the view has MinMembers.
func (c *Cluster) Start(ctx context.Context) error {
	if c.cfg.Addr == "" {
		c.startAlone()

		return nil
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	begun := time.Now()
	wait := time.NewTicker(lookTime)
	defer wait.Stop()
	for {
		changed, err := c.joined()
		if err == nil || !errors.Is(err, errWaiting) {
			return err
		}
		select {
		case <-changed:
		case <-wait.C:
			c.log.Info("not ready yet", "why", err.Error(), "for", time.Since(begun).Round(time.Second).String())
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

func (c *Cluster) startAlone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.core = newCore(c.self, time.Now())
	c.core.found = true
	c.doLocked(c.core.tick(nil, time.Now()))
}

// open opens the cluster address and begins to look for the other nodes.
func (c *Cluster) open(ctx context.Context) error {
	ep, err := c.listen(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.core = newCore(c.self, time.Now())
	c.core.found = len(c.cfg.Join) == 0
	c.ep = ep
	c.mu.Unlock()
	err = c.discovery.Start(Introduction{ID: c.self, Addr: ep.Advertised()}, c.found, c.lost)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.running.Go(func() { c.run(run) })
	c.running.Go(func() { c.search(run) })
	c.wake <- struct{}{} // a node without addresses to join need not wait for a tick

	return nil
}

// errWaiting is wrapped by the reasons that time may mend.
var errWaiting = errors.New("not ready")

func (c *Cluster) joined() (changed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failure != nil:
		return c.changed, c.failure
	case c.stopped:
		return c.changed, ErrStopped
	case c.core == nil:
		return c.changed, fmt.Errorf("%w: not started", errWaiting)
	case c.core.state == leaving:
		return c.changed, fmt.Errorf("%w: it leaves the cluster, because it misses a member that others see", errWaiting)
	case c.core.state == looking:
		return c.changed, fmt.Errorf("%w: looking for the other nodes", errWaiting)
	case len(c.Members()) < c.cfg.MinMembers:
		return c.changed, fmt.Errorf("%w: %d of %d members (--min-members)", errWaiting, len(c.Members()), c.cfg.MinMembers)
	}

	return c.changed, nil
}

// run does what is due until ctx ends.
func (c *Cluster) run(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-t.C:
		}
		c.gate()
		c.event(func(acts []action, now time.Time) []action {
			c.forgetLocked(now)
			c.core.silent = c.silentLocked()

			return c.core.tick(acts, now)
		})
		c.mu.Lock()
		out := c.stepOutPending
		c.stepOutPending = false
		c.mu.Unlock()
		if out {
			c.stepOut()
		}
	}
}

// silentLocked is the set of nodes whose links are suspended.
func (c *Cluster) silentLocked() (silent map[node.ID]bool) {
	for _, l := range c.ep.Links() {
		if l.Suspended() {
			if silent == nil {
				silent = make(map[node.ID]bool)
			}
			silent[l.Peer()] = true
		}
	}

	return silent
}

// stepOut leaves the cluster: sessions first, then links.
func (c *Cluster) stepOut() {
	c.log.Warn("this node leaves the cluster until it has a link to every member: its users are sent to other nodes")
	c.host.StepOut()
	c.event(c.steppedOut)
	c.ep.EndAll(errSteppedOut)
}

func (c *Cluster) steppedOut(acts []action, now time.Time) []action {
	return c.core.steppedOut(acts, now)
}

var errSteppedOut = errors.New("it has left the cluster for a while")

// Stop leaves the cluster: what was sent before arrives before the goodbye. Afterwards no handler
// runs.
func (c *Cluster) Stop(ctx context.Context) error {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()

		return nil
	}
	c.stopped = true
	c.changeLocked()
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
	if c.ep == nil {
		return nil
	}
	err := c.ep.Close(ctx)
	c.discovery.Stop(ctx)

	return err
}
