package bench

import (
	"errors"
	"fmt"
	"time"

	"github.com/parley-dm/parley/wire"
)

// awaitNotice reads until the push that says that a user has disconnected.
func (d *nodeFailure) awaitNotice(c *conn, peer uint32, times *recorder) {
	proto, _ := d.system.proto.(*parleyProtocol)
	name := proto.userID(peer)
	for {
		e, err := c.event()
		now := time.Now()
		switch {
		case err != nil:
			if !d.closing.Load() {
				d.fail(fmt.Errorf("%s: %w", c, err))
			}

			return
		case e.disconnected == nil:
			continue
		case string(e.disconnected) != name:
			d.fail(fmt.Errorf("%s is told of the end of %q instead of %q", c, e.disconnected, name))

			return
		}
		select {
		case <-d.killed:
		default:
			d.fail(fmt.Errorf("%s is told that %s is gone before the node is killed", c, name))

			return
		}
		times.add(now.Sub(d.killedAt))
		if d.noticeCount.Add(1) == int64(d.clients) {
			close(d.allNotified)
		}
	}
}

// answerPings reads a client of the node to kill, and answers pings, until clientsStopped.
func (d *nodeFailure) answerPings(c *conn) {
	for {
		if _, err := c.event(); err != nil {
			if !d.clientsStopped.Load() && !d.closing.Load() {
				d.fail(fmt.Errorf("%s: %w", c, err))
			}

			return
		}
	}
}

// probeNotFound sends messages to a user of the killed node until one is answered with "not found".
func (d *nodeFailure) probeNotFound(c *conn, user uint32) {
	<-d.killed
	c.setRecipient(user, stampSize)
	if err := c.raw.SetReadDeadline(d.killedAt.Add(d.patience)); err != nil {
		d.fail(err)

		return
	}
	for d.ctx.Err() == nil {
		err := c.send(0)
		if err == nil {
			err = c.response()
		}
		refusal, answered := errors.AsType[*wire.Error](err)
		switch {
		case notFound(err):
			d.notFoundTimes.forWorker(0).add(time.Since(d.killedAt))

			return
		case err != nil && !answered:
			d.fail(fmt.Errorf("%s: no answer to a message to a user of the killed node: %w", c, err))

			return
		}
		kind := "delivered"
		if answered {
			kind = refusal.Code.String()
		}
		d.mu.Lock()
		d.otherAnswers[kind]++
		d.mu.Unlock()
		pause(time.Millisecond)
		if time.Since(d.killedAt) > d.patience {
			d.fail(fmt.Errorf("%s: a message to a user of the killed node is not answered with \"not found\" in %s, but %q", c, d.patience, kind))
		}
	}
}
