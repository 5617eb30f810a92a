package link

import (
	"errors"
	"syscall"
	"time"
)

// How a node finds that another is dead. There are two ways, and both end the link to it:
//
//	silent   nothing was received on the link for Timing.Failure. The monitor looks at each tick, and a
//	         reader or a handshake before it brings something new. The reason is ErrSilent.
//	gone     the connection is broken, and a dial of the peer's address is refused or answered by another
//	         node: the process is there no more. The reason is ErrGone. A process that crashes is found
//	         so after a dial, long before Timing.Failure.
//
// What the end of the link sets off is listed in package cluster, under "The death of a node".

// silent tells whether the peer has been silent for so long that the link ends.
func (l *Link) silent(now time.Duration) bool {
	return now-time.Duration(l.heard.Load()) >= l.e.cfg.Timing.Failure
}

// endIfSilent ends a link in another goroutine if its peer is silent, and still is by then.
func (e *Endpoint) endIfSilent(l *Link, now time.Duration) bool {
	if !l.silent(now) {
		return false
	}
	e.spawn(func() {
		e.end(l, ErrSilent, false, func() bool { return l.silent(e.cfg.Clock()) })
	})

	return true
}

// endIfGone ends a broken link if the error of a dial shows that the peer's process is gone.
func (e *Endpoint) endIfGone(l *Link, err error) bool {
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, ErrWrongNode) {
		return false
	}
	e.end(l, ErrGone, false, func() bool { return !l.connected.Load() && e.awake(e.cfg.Clock()) })

	return true
}
