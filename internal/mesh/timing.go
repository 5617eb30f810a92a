package mesh

import "time"

// Timing says how quickly nodes notice each other. All nodes of a cluster should have the same.
type Timing struct {
	// Beat is how often a node says that it is alive. Default 250 ms.
	Beat time.Duration
	// Failure is how long a node is not heard of before it is down: several Beats, so that one lost packet
	// or a busy moment kills nobody. What is noticed after a crash is noticed within Failure + 100 ms. Default 1500 ms.
	Failure time.Duration
	// Join is how long Start waits for a first sign of the nodes it was told to join. Default 3 s.
	Join time.Duration
}

// tick is how often a member looks at what is due: beats, questions that nobody has answered yet, and nodes that are late.
const tick = 50 * time.Millisecond

func (t Timing) withDefaults() Timing {
	const (
		beat    = 250 * time.Millisecond
		failure = 1500 * time.Millisecond
		join    = 3 * time.Second
	)
	if t.Beat <= 0 {
		t.Beat = beat
	}
	if t.Failure <= 0 {
		t.Failure = failure
	}
	if t.Join <= 0 {
		t.Join = join
	}

	return t
}

// stall is the gap between two ticks from which on we know that we ourselves did not run.
func (t Timing) stall() time.Duration { return t.Failure / 3 } //nolint:mnd // well before anybody is judged

// silent is how long a node is not heard of before it may be down for others: the two do not see each other vanish at one moment.
func (t Timing) silent() time.Duration { return t.Failure / 2 } //nolint:mnd // well before it is down for us

// goneFor is how long a node that said goodbye is remembered, so that its last beats do not revive it.
// downFor is how long one that vanished is remembered, to be told if it comes back.
const (
	goneFor = time.Minute
	downFor = time.Hour
)
