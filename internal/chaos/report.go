package chaos

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
)

// Report is the result of a run.
type Report struct {
	o          Options
	machine    string
	rounds     int
	outcomes   [outcomes]int
	received   int
	unread     map[endCause]int // acknowledged and not received, by the end of the connection
	rules      map[rule]int
	violations []violation
	errorLines int // lines of that level in the nodes' logs
	notices    []timesRow
	recoveries []timesRow
	skipped    []string // faults, and why
	lag        string   // of the network

	bytes             int64 // between nodes
	controlHits       int   // what the search found between clients and nodes
	connections       int   // of links
	brokenConns       int   // of these, in the middle of a segment
	stepOuts          int   // pairs without a link of which one stepped out
	youngerStepOuts   int   // of these, the younger
	movedClients      int   // clients that were told to come back elsewhere
	nameConflicts     int   // processes that went on and found their name taken
	resolvedConflicts int   // of these, ended by themselves
}

// gather copies the measurements of a run.
func (r *Report) gather(from *runner) {
	c := &from.counters
	r.rounds, r.skipped, r.lag = c.rounds, from.skipped, from.lag.String()
	r.stepOuts, r.youngerStepOuts, r.movedClients = c.stepOuts, c.youngerStepOuts, c.movedClients
	r.nameConflicts, r.resolvedConflicts = c.nameConflicts, c.resolvedConflicts
	r.notices = []timesRow{
		{"process killed (kill -9)", from.counters.killNotices.sorted()},
		{"machine of the node vanished", from.counters.vanishNotices.sorted()},
		{"connection cut", from.counters.cutNotices.sorted()},
		{fmt.Sprintf("machine of the client vanished (heartbeat %v)", heartbeat), from.counters.silentNotices.sorted()},
	}
	r.recoveries = []timesRow{{fmt.Sprintf("start of %d nodes until all are members", formationSize), c.formations.sorted()}}
	for what, t := range from.counters.recoveries {
		r.recoveries = append(r.recoveries, timesRow{what, t.sorted()})
	}
	slices.SortStableFunc(r.recoveries[1:], func(a, b timesRow) int { return strings.Compare(a.name, b.name) })
}

// OK tells whether no rule was violated.
func (r *Report) OK() bool { return len(r.rules) == 0 }

// Print writes the table and the first violations of each rule.
func (r *Report) Print(w io.Writer) {
	row := func(what string, n int) { fmt.Fprintf(w, "  %-70s %9d\n", what, n) }
	fmt.Fprintf(w, "\nchaos: %v, seed %d, %d nodes, %d clients, %d messages/s, %d rounds of faults\n%s\n",
		r.o.Time, r.o.Seed, r.o.Nodes, r.o.Clients, r.o.Rate, r.rounds, r.machine)
	sent := 0
	for _, n := range r.outcomes {
		sent += n
	}
	fmt.Fprintf(w, "network: %s\n", r.lag)
	fmt.Fprintln(w, "\nmessages")
	row("sent", sent)
	row("received", r.received)
	for o, n := range r.outcomes {
		if n > 0 {
			row("outcome: "+outcome(o).String(), n)
		}
	}
	fmt.Fprintln(w, "\nbetween nodes")
	row("kilobytes searched for user IDs, texts and secrets", int(r.bytes>>10))
	row("matches between clients and nodes, which prove the search", r.controlHits)
	row("TCP connections of links", r.connections)
	row("of these broken in the middle of a segment", r.brokenConns)
	row("pairs without a link of which one node stepped out", r.stepOuts)
	row("of these the younger node", r.youngerStepOuts)
	row("clients that it sent to other nodes", r.movedClients)
	row("paused processes resumed after another took their name", r.nameConflicts)
	row("of these stopped by themselves within 2 s", r.resolvedConflicts)
	fmt.Fprintln(w, "\nacknowledged, but unread when the connection broke (allowed), by cause")
	for _, why := range slices.Sorted(maps.Keys(r.unread)) {
		row(string(why), r.unread[why])
	}
	fmt.Fprintln(w, "\nviolations (must be 0)")
	for _, rule := range rules {
		row(string(rule), r.rules[rule])
	}
	for _, s := range r.skipped {
		fmt.Fprintf(w, "\nskipped: %s\n", s)
	}
	fmt.Fprintln(w, "\nfrom the end of a user to the disconnect notice at a peer")
	table(w, r.notices)
	fmt.Fprintln(w, "\nfrom the end of a fault until all users reach each other and all nodes are ready")
	table(w, r.recoveries)
	fmt.Fprintf(w, "\nerror lines in the nodes' logs: %d\n", r.errorLines)
	for _, x := range r.violations {
		fmt.Fprintf(w, "\nVIOLATION (seed %d, %v): %s\n  %s\n", r.o.Seed, x.at, x.rule, x.text)
	}
	if !r.OK() {
		fmt.Fprintf(w, "\nthe nodes' logs are in %s\n", r.o.Dir)
	}
}

func (r *Report) String() string {
	var b bytes.Buffer
	r.Print(&b)

	return b.String()
}

// machine is what the run ran on, in a line.
func machine() string {
	text := fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, after, ok := strings.Cut(string(info), "model name"); ok {
			model, _, _ := strings.Cut(after, "\n")
			text += ", " + strings.Trim(model, "\t :")
		}
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		text += ", load at the end " + strings.Join(strings.Fields(string(load))[:3], " ")
	}

	return text
}
