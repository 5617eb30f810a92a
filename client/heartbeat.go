package client

import (
	"fmt"
	"time"

	"github.com/parley-dm/parley/wire"
)

// beat keeps the connection alive and notices when it no longer is: it pings when nothing was sent
// or nothing was heard for one heartbeat, and ends the connection after two of silence, or of a
// write that does not end.
func (cn *conn) beat() {
	timer := time.NewTimer(cn.heartbeat)
	defer timer.Stop()
	var id uint32
	var pinged time.Duration // on the connection's clock
	for {
		select {
		case <-cn.done:
			return
		case <-timer.C:
		}
		now := cn.clock()
		if cn.paused.Load() {
			cn.heard.Store(int64(now))
		}
		heard, sent := time.Duration(cn.heard.Load()), time.Duration(cn.out.sent.Load())
		since := time.Duration(cn.out.since.Load())
		switch {
		case now-heard >= 2*cn.heartbeat:
			cn.closeWith(wire.GoodbyeHeartbeat, fmt.Errorf("%w: nothing heard for %v", ErrSilent, now-heard))

			return
		case since > 0 && now-since >= 2*cn.heartbeat:
			cn.end(fmt.Errorf("%w: it has read nothing for %v", ErrSilent, now-since))

			return
		}
		quiet := max(pinged, min(heard, sent)) // since when a ping has been due to come
		if now-quiet >= cn.heartbeat {
			id++
			cn.out.add(wire.Frame{Kind: wire.KindPing, ID: id}, "") // if it is full or over, a ping would not help
			pinged, quiet = now, now
		}
		timer.Reset(max(time.Millisecond, min(quiet+cn.heartbeat, heard+2*cn.heartbeat)-now))
	}
}
