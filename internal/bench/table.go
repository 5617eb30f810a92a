package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of cells under a head. The first column names the row.
type Table struct {
	Head []string
	Rows [][]string
}

func (t *Table) add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Text writes the table in columns, numbers to the right.
func (t *Table) Text(w io.Writer) {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		var b strings.Builder
		for i, cell := range row {
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch i {
			case 0:
				b.WriteString(cell + fill)
			default:
				b.WriteString("  " + fill + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// Markdown writes the table for a page.
func (t *Table) Markdown(w io.Writer) {
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, cell := range cells {
			escaped[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(escaped, " | "))
	}
	line(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	fmt.Fprintf(w, "|%s|\n", strings.Join(rule, "|"))
	for _, row := range t.Rows {
		line(row)
	}
}

// formatNumber writes a measured value with three significant digits.
func formatNumber(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.1 && v > -0.1:
		return fmt.Sprintf("%.3f", v)
	case v < 10 && v > -10:
		return fmt.Sprintf("%.2f", v)
	case v < 100 && v > -100:
		return fmt.Sprintf("%.1f", v)
	}

	return fmt.Sprintf("%.0f", v)
}

// formatMicros writes microseconds.
func formatMicros(v float64) string {
	switch {
	case v >= 1e6:
		return formatNumber(v/1e6) + " s"
	case v >= 1e4:
		return formatNumber(v/1e3) + " ms"
	}

	return formatNumber(v) + " µs"
}

// orDash writes a value that 0 stands for not knowing.
func orDash(v float64, write func(float64) string) string {
	if v == 0 {
		return "-"
	}

	return write(v)
}

func formatKB(v float64) string { return formatNumber(v/1024) + " KB" }
