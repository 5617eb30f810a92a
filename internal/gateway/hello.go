package gateway

// maxHello is the longest body of a first frame, whatever MaxMessage is: a token fits, and a client
// without a login holds little.
const maxHello = 8 << 10

// helloStep is what the buffer of an unfinished hello is rounded up to.
const helloStep = 1 << 10

// bodyLimit is the length of the longest body that the client may send now.
func (s *session) bodyLimit() int {
	if s.phase.Load() == hello {
		return maxHello
	}

	return s.gw.maxBody
}

// shrinkInput keeps the smallest buffer for what has arrived, before the reader waits.
func (s *session) shrinkInput() {
	s.input.shrink()
	if s.phase.Load() != hello || s.input.chunk == nil {
		return
	}
	have := s.input.w - s.input.r
	size := (have + helloStep - 1) / helloStep * helloStep
	if size >= len(s.input.chunk.b) {
		return
	}
	c := &chunk{make([]byte, size)}
	copy(c.b, s.input.bytes())
	s.input.chunk.recycle()
	s.input.chunk, s.input.r, s.input.w = c, 0, have
}
