package netio

import "sync/atomic"

// Turns tells whether a goroutine reads a watched connection. The loop reports what arrives once,
// so the reader may end only if nothing was reported since it last looked. The zero value is ended.
//
//	       Begin: true        End: true
//	ended ────────────▶ reads ─────────▶ ended
//	             Begin: false │ ▲ End: false
//	                          ▼ │
//	                         again
type Turns struct{ state atomic.Uint32 }

const (
	turnEnded uint32 = iota
	turnReads
	turnAgain
)

// Begin makes the caller the reader if there is none. Otherwise the reader will look again.
func (t *Turns) Begin() bool {
	for {
		if t.state.CompareAndSwap(turnEnded, turnReads) {
			return true
		}
		if t.state.Load() == turnAgain || t.state.CompareAndSwap(turnReads, turnAgain) {
			return false
		}
	}
}

// End is called by the reader when it has read all there was. If it returns false, more may have
// arrived, and the caller is still the reader.
func (t *Turns) End() bool {
	if t.state.CompareAndSwap(turnReads, turnEnded) {
		return true
	}
	t.state.Store(turnReads)

	return false
}
