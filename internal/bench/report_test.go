package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestATableIsAlignedInTextAndEscapedInMarkdown(t *testing.T) {
	table := Table{Head: []string{"what", "p50"}}
	table.add("round trip", "9 µs")
	table.add("a|b", "123 µs")
	var text, markdown strings.Builder
	table.Text(&text)
	table.Markdown(&markdown)
	if want := "what           p50\nround trip    9 µs\na|b         123 µs\n"; text.String() != want {
		t.Errorf("text\n%s", &text)
	}
	if want := "| what | p50 |\n|---|---:|\n| round trip | 9 µs |\n| a\\|b | 123 µs |\n"; markdown.String() != want {
		t.Errorf("markdown\n%s", &markdown)
	}
}

func TestNumbersHaveTheDigitsThatSaySomething(t *testing.T) {
	for v, want := range map[float64]string{0: "0 µs", 0.012: "0.012 µs", 1.234: "1.23 µs", 12.34: "12.3 µs", 123.4: "123 µs", 9999: "9999 µs", 12345: "12.3 ms", 2.5e6: "2.50 s"} {
		if got := us(v); got != want {
			t.Errorf("%g µs is written %q, want %q", v, got, want)
		}
	}
	if got := bytesOf(6144); got != "6.00 KB" {
		t.Errorf("6144 bytes are written %q", got)
	}
}

func sampleReport() *Report {
	trips := func(p50, cpu float64) []Trips {
		return []Trips{{RoundTrip: Latency{P50: p50, P99: 3 * p50, P999: 5 * p50}, ServerCPU: cpu, PerSecond: 1000}}
	}
	floor := Contender{Name: "floor", Memory: 3500, one: trips(100, 20), many: trips(1000, 20)}
	parley := Contender{Name: "Parley", Memory: 7000, MemoryWS: 7000, one: trips(140, 20), many: trips(1200, 30)}
	nats := Contender{Name: "NATS", Memory: 50000, one: trips(400, 50), many: trips(3000, 50)}
	c := &Comparison{Rounds: 1, First: []Finding{{Nodes: 2, First: Latency{P50: 100}, NotFound: Latency{P50: 90}}, {Nodes: 32, First: Latency{P50: 130}, NotFound: Latency{P50: 90}}}}
	for _, one := range []*Contender{&floor, &parley, &nats} {
		one.settle(&floor)
		c.Contenders = append(c.Contenders, *one)
	}

	return c.report(&Setup{}, Match{Rounds: 1, Pairs: 500, Size: 64, Duration: time.Second, Users: 100})
}

func TestAComparisonShowsRatiosAndWhetherBudgetsAreKept(t *testing.T) {
	var text strings.Builder
	sampleReport().Text(&text)
	for _, want := range []string{
		"1.40 ×              ≤ 1.5 × floor ✓",
		"1.50 ×              ≤ 1.3 × floor ✗",
		"≤ 6 KB ✗", "≤ 8 KB ✓",
		"≤ 1 ms, ≤ 1.2 × that of 2 ✗",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &text)
		}
	}
}

func TestAReportIsJSONAndItsChartIsXML(t *testing.T) {
	r := sampleReport()
	times := newRecorders(1)
	for i := range 1000 {
		times.of(0).add(time.Duration(i) * time.Microsecond)
	}
	r.Chart.Curves = []curve{{"a <curve> & more", times.merged()}}
	r.Chart.Title = `a "title" <&>`
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var back struct{ Results Comparison }
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Results.Contenders[1].P50Ratio != 1.4 {
		t.Errorf("%v, %+v", err, back)
	}
	out.Reset()
	if err := r.Chart.SVG(&out); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
		t.Errorf("the chart has a number that is none:\n%s", s)
	}
	for dec := xml.NewDecoder(&out); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMedianIsTheMiddle(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median %g, want %g", got, c.want)
		}
	}
}

func TestTheBarDrawsOverItselfAndGoesAway(t *testing.T) {
	var out strings.Builder
	b := NewBar(&out)
	b.Show(.5, "something long")
	b.drawn = time.Time{}
	b.Show(2, "short")
	b.Show(.7, "too soon to be drawn")
	b.Clear()
	want := "\r████████████░░░░░░░░░░░░  50 %  something long" + "\r" + strings.Repeat("█", 24) + " 100 %  short" + strings.Repeat(" ", 9) +
		"\r" + strings.Repeat(" ", 24+len(" 100 %  short")) + "\r"
	if out.String() != want {
		t.Errorf("%q\n%q", out.String(), want)
	}
}
