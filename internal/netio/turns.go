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
//
//	reads or again ─Suspend─▶ suspended ─Resume: true─▶ reads
//
// What is reported to a suspended one is forgotten: the goroutine that resumes it looks again.
type Turns struct{ state atomic.Uint32 }

const (
	turnEnded uint32 = iota
	turnReads
	turnAgain
	turnSuspended
)

// Begin makes the caller the reader if there is none. Otherwise the reader, unless it is suspended,
// will look again.
func (t *Turns) Begin() bool {
	for {
		switch t.state.Load() {
		case turnEnded:
			if t.state.CompareAndSwap(turnEnded, turnReads) {
				return true
			}
		case turnReads:
			if t.state.CompareAndSwap(turnReads, turnAgain) {
				return false
			}
		default:
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

// Suspend is called by the reader, which is none from then on. There is no other until Resume.
func (t *Turns) Suspend() { t.state.Store(turnSuspended) }

// Resume makes the caller the reader of a suspended one. It returns false if it is not suspended.
func (t *Turns) Resume() bool { return t.state.CompareAndSwap(turnSuspended, turnReads) }

// Ended reports whether nothing reads and nothing is suspended.
func (t *Turns) Ended() bool { return t.state.Load() == turnEnded }

// Suspended reports whether the reader is suspended.
func (t *Turns) Suspended() bool { return t.state.Load() == turnSuspended }
