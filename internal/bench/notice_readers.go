package bench

import (
	"fmt"
	"time"
)

// watch waits for the notice that a user is gone.
func (d *death) watch(l *line, peer uint32, times *recorder) {
	proto, _ := d.sys.proto.(*parleyProtocol)
	name := proto.name(peer)
	for {
		e, err := l.event()
		now := time.Now()
		switch {
		case err != nil:
			if !d.over.Load() {
				d.fail(fmt.Errorf("%s: %w", l, err))
			}

			return
		case e.gone == nil:
			continue
		case string(e.gone) != name:
			d.fail(fmt.Errorf("%s is told of the end of %q instead of %q", l, e.gone, name))

			return
		}
		select {
		case <-d.killed:
		default:
			d.fail(fmt.Errorf("%s is told that %s is gone before the node is killed", l, name))

			return
		}
		times.add(now.Sub(d.at))
		if d.count.Add(1) == int64(d.clients) {
			close(d.toldAll)
		}
	}
}

// attend answers pings of a client on the node until it is told to stop.
func (d *death) attend(l *line) {
	for {
		if _, err := l.event(); err != nil {
			if !d.stopped.Load() && !d.over.Load() {
				d.fail(fmt.Errorf("%s: %w", l, err))
			}

			return
		}
	}
}
