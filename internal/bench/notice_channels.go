package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// prepare logs the users in, opens the channels and waits until the nodes rest.
func (d *nodeFailure) prepare(s *Setup) error {
	for from := 0; from < d.clients; from += channelBatch {
		s.progress(.8*float64(from)/float64(d.clients), "channels open")
		if err := d.openChannels(from, min(from+channelBatch, d.clients)); err != nil {
			return err
		}
	}
	askers, err := d.responding.loginRange(d.ctx, 2*d.clients, min(maxProbers, d.clients), d.survivingNode, nil)
	if err != nil {
		return err
	}
	d.probers = askers
	s.progress(.8, "nodes rest")
	d.system.awaitIdle(d.ctx)
	d.clientsStopped.Store(true)
	for _, c := range d.killedClients { // stop these readers before the kill: they would compete with the readers of notices
		if err := c.raw.SetReadDeadline(time.Unix(1, 0)); err != nil {
			return err
		}
	}
	d.clientReaders.Wait()

	return context.Cause(d.ctx)
}

// openChannels logs the pairs in [from, to) in, and opens a channel for each: of two pairs, one is
// opened from the node that is killed.
func (d *nodeFailure) openChannels(from, to int) error {
	conns, err := d.system.loginRange(d.ctx, 2*from, 2*(to-from), func(i int) int {
		if i%2 == 0 {
			return d.killedNode()
		}

		return d.survivingNode(i / 2)
	}, nil)
	if err != nil {
		return err
	}
	for i := 0; i < len(conns); i += 2 {
		d.killedClients, d.peers = append(d.killedClients, conns[i]), append(d.peers, conns[i+1])
	}
	var next atomic.Int64
	next.Store(int64(from))
	var workers sync.WaitGroup
	for range maxConcurrentLogins {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < to && d.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := exchange(d.killedClients[i], d.peers[i], i%2 == 0); err != nil {
					d.fail(err)

					return
				}
			}
		})
	}
	workers.Wait()
	if err := context.Cause(d.ctx); err != nil {
		return err
	}
	for i := from; i < to; i++ {
		client, peer := d.killedClients[i], d.peers[i] // read here: the next batch appends to both
		d.peerReaders.Go(func() { d.awaitNotice(peer, client.user, d.delays.forWorker(i)) })
		d.clientReaders.Go(func() { d.answerPings(client) })
	}

	return nil
}

// exchange sends a message each way, which opens the channel.
func exchange(a, b *conn, aFirst bool) error {
	if !aFirst {
		a, b = b, a
	}
	a.setRecipient(b.user, stampSize)
	b.setRecipient(a.user, stampSize)
	for _, way := range [][2]*conn{{a, b}, {b, a}} {
		if err := way[1].raw.SetReadDeadline(time.Now().Add(loginTimeout)); err != nil {
			return err
		}
		err := way[0].send(1)
		if err == nil {
			_, err = way[1].receive()
		}
		if err != nil {
			return fmt.Errorf("a message from %s to %s: %w", way[0], way[1], err)
		}
		if err := way[1].raw.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
	}

	return nil
}
