package gateway

import "errors"

// maxHello is the longest body of a first frame, whatever MaxMessage is: a token fits, and a client
// without a login holds little.
const maxHello = 8 << 10

// maxBeforeHello bounds the bytes that a connection may send until its hello is whole: fragments and
// control frames of WebSocket included.
const maxBeforeHello = 2 * maxHello

var errNoHello = errors.New("too many bytes before the hello is complete")

// bodyLimit is the length of the longest body that the client may send now.
func (s *session) bodyLimit() int {
	if s.phase.Load() == hello {
		return maxHello
	}

	return s.gw.maxBody
}

// shrinkInput keeps the smallest buffer for what has arrived, before the reader waits.
func (s *session) shrinkInput() {
	s.input.Shrink()
	if s.phase.Load() == hello {
		s.input.Fit()
	}
}
