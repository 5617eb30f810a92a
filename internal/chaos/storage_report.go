package chaos

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/chaos/storageop"
)

// StorageReport is the result of RunStorages.
type StorageReport struct {
	o          Options
	machine    string
	faults     map[string]int // rounds
	recoveries map[string]*times
	skipped    []string
	results    map[storageop.Op]map[storageop.Result]int
	left       int // values in queues in the end
	staleReads int
	violations []violation
}

func (r *StorageReport) recovered(what string, took time.Duration) {
	if r.recoveries[what] == nil {
		r.recoveries[what] = &times{}
	}
	r.recoveries[what].add(took)
}

func (r *StorageReport) gather(from *storageRunner, end finalState) {
	r.violations = append(from.history.judge(end), from.runner.history.violations...)
	r.results, r.staleReads = from.history.results, from.history.staleReads
	for _, values := range end.queues {
		r.left += len(values)
	}
}

// OK tells whether no rule was violated.
func (r *StorageReport) OK() bool { return len(r.violations) == 0 }

// Print writes the table and the first violations.
func (r *StorageReport) Print(w io.Writer) {
	const most = 30
	fmt.Fprintf(w, "\nchaos with storages: %v, seed %d, %d nodes, 3 of them core nodes, %d clients\n%s\n\n  %-18s %9s %9s %9s %9s\n",
		r.o.Time, r.o.Seed, r.o.Nodes, r.o.Clients, r.machine, "operations", storageop.Done, storageop.Exists, storageop.Unknown, storageop.Failed)
	for _, op := range slices.Sorted(maps.Keys(r.results)) {
		x := r.results[op]
		fmt.Fprintf(w, "  %-18s %9d %9d %9d %9d\n", op, x[storageop.Done], x[storageop.Exists], x[storageop.Unknown], x[storageop.Failed])
	}
	fmt.Fprintf(w, "  values in queues in the end: %d\n", r.left)
	fmt.Fprintf(w, "  reads older than an acknowledged increment (allowed where a leader is cut off): %d\n", r.staleReads)
	fmt.Fprintln(w, "\nviolations (must be 0)")
	for _, rule := range storageRules {
		n := 0
		for _, v := range r.violations {
			if v.rule == rule {
				n++
			}
		}
		fmt.Fprintf(w, "  %-70s %9d\n", rule, n)
	}
	for _, s := range r.skipped {
		fmt.Fprintf(w, "\nskipped: %s\n", s)
	}
	fmt.Fprintln(w, "\nfrom the end of a fault until all replicas are up to date and every client has written")
	var rows []timesRow
	for _, what := range slices.Sorted(maps.Keys(r.recoveries)) {
		rows = append(rows, timesRow{what, r.recoveries[what].sorted()})
	}
	table(w, rows)
	for _, v := range r.violations[:min(most, len(r.violations))] {
		fmt.Fprintf(w, "\nVIOLATION (seed %d): %s\n  %s\n", r.o.Seed, v.rule, v.text)
	}
	if !r.OK() {
		fmt.Fprintf(w, "\nthe nodes' logs are in %s\n", r.o.Dir)
	}
}

func (r *StorageReport) String() string {
	var b bytes.Buffer
	r.Print(&b)

	return b.String()
}
