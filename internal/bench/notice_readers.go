package bench

import (
	"fmt"
	"time"
)

// watch waits for the notice that a user is gone.
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

// attend answers pings of a client on the node until it is told to stop.
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
