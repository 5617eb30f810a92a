package core

// lruList holds the open channels, from the one that was used longest ago to the one used last.
type lruList struct {
	oldest, newest *Conversation
	len            int
}

func (l *lruList) pushNewest(c *Conversation) {
	c.listed, c.older, c.newer = true, l.newest, nil
	if l.newest != nil {
		l.newest.newer = c
	} else {
		l.oldest = c
	}
	l.newest = c
	l.len++
}

func (l *lruList) remove(c *Conversation) {
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		l.oldest = c.newer
	}
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		l.newest = c.older
	}
	c.listed, c.older, c.newer = false, nil, nil
	l.len--
}

// evictionTries bounds how many channels an eviction looks at, so that one event costs O(1).
const evictionTries = 8

// evictLeastRecentlyUsed drops the least recently used channels where there are more than may be.
// Channels in use go to the end of the list on the way, so that each is passed over once.
func (s *Session) evictLeastRecentlyUsed(fx []Effect, opened *Conversation) []Effect {
	if !opened.Open() {
		return fx
	}
	for tries := 0; tries < evictionTries && s.channels.len > s.cfg.Limits.Channels; tries++ {
		if c := s.channels.oldest; c != opened && c.quiet() {
			fx = s.forget(fx, c)
		} else {
			s.channels.remove(c)
			s.channels.pushNewest(c)
		}
	}

	return fx
}

// forget drops a channel on both sides, in silence.
func (s *Session) forget(fx []Effect, c *Conversation) []Effect {
	return s.submit(fx, c, &Item{Kind: Forget, Deadline: s.deadline()})
}

// DropIdle drops the channels that have not been used since that time, in silence.
func (s *Session) DropIdle(fx []Effect, now, since int64) []Effect {
	s.now = now
	for range s.channels.len {
		c := s.channels.oldest
		switch {
		case c == nil || c.used >= since:
			return fx
		case c.quiet():
			fx = s.forget(fx, c)
		default: // it is in use
			s.touch(c, now)
		}
	}

	return fx
}
