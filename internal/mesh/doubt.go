package mesh

import "time"

// doubtful is a find that nobody answered while a node could not be reached, or was missing.
type doubtful struct {
	port  Port
	token uint64
}

// unsureTime is how long doubts outlive their cause: that nobody holds a user may have been said before the cause was gone, and be heard
// after it.
const unsureTime = 500 * time.Millisecond

func (m *member) unsureLocked() { m.unsure = time.Now().Add(unsureTime) }

// maxDoubtful bounds those that wait for the next tick; what comes beyond is nobody.
const maxDoubtful = 64 << 10

// doubts keeps the find for the next tick if finding nobody proves nothing now.
func (m *member) doubts(port Port, token uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.doubtsLocked() || len(m.doubtful) >= maxDoubtful {
		return false
	}
	m.doubtful = append(m.doubtful, doubtful{port, token})

	return true
}

// settleDoubts looks whether a node cannot be reached, which makes finds that nobody answers doubtful until all
// nodes have been heard after it, and answers those of the last tick.
func (m *member) settleDoubts() {
	m.mu.Lock()
	if !m.eng.reaches(m.reachableLocked()) {
		m.doubt = true
		for _, p := range *m.up.Load() {
			p.confirm = !p.adrift
		}
	}
	waiting := m.doubtful
	m.doubtful = nil
	m.mu.Unlock()
	m.delivery.RLock()
	defer m.delivery.RUnlock()
	for _, f := range waiting {
		tellUncertain(m.handler(f.port), f.token)
	}
}

// outOfReach tells whether a node lives that finds do not come to.
func (m *member) outOfReach() bool {
	m.mu.Lock()
	defer m.mu.Unlock()

	return m.reachableLocked() < len(*m.up.Load())
}

// reachableLocked is how many nodes the engine should reach: those that are adrift were not reached for so long that they would be down
// if they had no link.
func (m *member) reachableLocked() int {
	n := 0
	for _, p := range *m.up.Load() {
		if !p.adrift {
			n++
		}
	}

	return n
}
