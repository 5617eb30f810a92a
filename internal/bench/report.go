package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Report is the output of a command of "parley bench".
type Report struct {
	Command string    `json:"command"`
	At      time.Time `json:"at"`
	Machine Machine   `json:"machine"`
	Notes   []string  `json:"notes"`   // what was measured, and how
	Results any       `json:"results"` // of the command: Trips, Flow, Logins, ...

	Table       Table   `json:"-"`
	ExtraTables []Table `json:"-"`
	Chart       Chart   `json:"-"`
}

func newReport(command string, results any, notes ...string) *Report {
	return &Report{Command: command, At: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Notes: notes, Results: results}
}

func (r *Report) tables() []Table { return append([]Table{r.Table}, r.ExtraTables...) }

// JSON writes all figures.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")

	return enc.Encode(r)
}

// Text writes the tables and the notes.
func (r *Report) Text(w io.Writer) {
	for _, t := range r.tables() {
		t.Text(w)
		fmt.Fprintln(w)
	}
	for _, note := range append(r.Notes, r.Machine.String()) {
		fmt.Fprintln(w, note)
	}
}

// Markdown writes the tables and the notes as Markdown.
func (r *Report) Markdown(w io.Writer) {
	for _, t := range r.tables() {
		t.Markdown(w)
		fmt.Fprintln(w)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "- %s\n", note)
	}
	fmt.Fprintf(w, "- machine: %s\n- taken: %s, `parley bench %s`\n", r.Machine, r.At.Format(time.DateOnly), r.Command)
}

// latencyHead and latencyRow are the columns that every set of durations has.
func latencyHead(first string, more ...string) []string {
	return append([]string{first, "count", "p50", "p90", "p99", "p99.9", "max"}, more...)
}

func latencyRow(name string, l Latency, more ...string) []string {
	return append([]string{name, strconv.FormatUint(l.Count, 10), formatMicros(l.P50), formatMicros(l.P90),
		formatMicros(l.P99), formatMicros(l.P999), formatMicros(l.Max)}, more...)
}
