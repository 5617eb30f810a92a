package bench

import (
	"cmp"
	"context"
	"slices"
)

// Counts are what all servers together did for one message.
type Counts struct {
	ContextSwitches float64 `json:"context_switches"` // of all threads, voluntary or not
	Involuntary     float64 `json:"involuntary_context_switches"`
	// Of "perf"; without it all is empty or 0.
	SystemCalls  float64            `json:"system_calls"`
	ByName       map[string]float64 `json:"system_calls_by_name"`
	Instructions float64            `json:"instructions"` // 0: the machine does not count them
	CacheMisses  float64            `json:"cache_misses"` // 0: the machine does not count them

	perfError string // why there is nothing of perf
}

const (
	switchesNote = "counts are those of both servers for one message; other calls are not named. Counting slows the servers down: compare no times of this run"
	leastCalls   = .005 // a message; what is called less often has no column
)

// countsTable is the table of all counts, with a column for each system call that is made often.
func countsTable(all []RoundTrips) (t Table, notes []string) {
	notes = []string{switchesNote}
	most := map[string]float64{}
	var instructions bool
	for _, trips := range all {
		for name, n := range trips.Counts.ByName {
			most[name] = max(most[name], n)
		}
		instructions = instructions || trips.Counts.Instructions > 0
	}
	var names []string
	for name, n := range most {
		if n >= leastCalls {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(most[b], most[a]), cmp.Compare(a, b)) })
	t.Head = append([]string{"a message", "context switches", "involuntary", "system calls"}, names...)
	if instructions {
		t.Head = append(t.Head, "instructions", "cache misses")
	}
	for _, trips := range all {
		c := trips.Counts
		cells := []string{trips.Name, formatNumber(c.ContextSwitches), formatNumber(c.Involuntary), orDash(c.SystemCalls, formatNumber)}
		for _, name := range names {
			cells = append(cells, orDash(c.ByName[name], formatNumber))
		}
		if instructions {
			cells = append(cells, orDash(c.Instructions, formatNumber), orDash(c.CacheMisses, formatNumber))
		}
		t.add(cells...)
	}
	if why := all[0].Counts.perfError; why != "" {
		notes = append(notes, "no system calls, instructions and cache misses: "+why)
	} else if !instructions {
		notes = append(notes, "no instructions and cache misses: this machine, perhaps a virtual one, does not count them")
	}

	return t, notes
}

// counter counts what the servers of a system do between begin and end.
type counter struct {
	sys       *system
	before    switches
	perf      *perfStat
	perfError string
}

// switches are context switches.
type switches struct{ voluntary, involuntary uint64 }

func (s switches) all() uint64 { return s.voluntary + s.involuntary }

// newCounter prepares to count.
func newCounter(ctx context.Context, sys *system) *counter {
	c := &counter{sys: sys}
	var err error
	if c.perf, err = startPerf(ctx, sys.pids); err != nil {
		c.perfError = err.Error()
	}

	return c
}

func (c *counter) begin() error {
	before, err := c.sys.switches()
	c.before = before
	if err == nil && c.perf != nil {
		err = c.perf.enable()
	}

	return err
}

// end returns the counts since begin, each still of all messages.
func (c *counter) end() (*Counts, error) {
	counts := &Counts{perfError: c.perfError}
	if c.perf != nil {
		if err := c.perf.disable(); err != nil {
			return nil, err
		}
	}
	after, err := c.sys.switches()
	if err != nil {
		return nil, err
	}
	counts.ContextSwitches = float64(after.all() - c.before.all())
	counts.Involuntary = float64(after.involuntary - c.before.involuntary)
	if c.perf != nil {
		if err := c.perf.read(counts); err != nil {
			counts.perfError = err.Error()
		}
	}

	return counts, nil
}

// stop ends what newCounter has started.
func (c *counter) stop() {
	if c.perf != nil {
		c.perf.stop()
	}
}

// dividedBy returns the counts for each of a number of messages.
func (c *Counts) dividedBy(messages uint64) *Counts {
	n := float64(messages)
	each := &Counts{
		ContextSwitches: c.ContextSwitches / n, Involuntary: c.Involuntary / n, SystemCalls: c.SystemCalls / n,
		ByName: map[string]float64{}, Instructions: c.Instructions / n, CacheMisses: c.CacheMisses / n, perfError: c.perfError,
	}
	for name, calls := range c.ByName {
		each.ByName[name] = calls / n
	}

	return each
}

// switches are those of all servers so far.
func (s *system) switches() (sum switches, err error) {
	for _, pid := range s.pids {
		one, err := contextSwitches(pid)
		if err != nil {
			return sum, err
		}
		sum.voluntary += one.voluntary
		sum.involuntary += one.involuntary
	}

	return sum, nil
}
