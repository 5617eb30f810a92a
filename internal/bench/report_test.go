package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
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
		if got := formatMicros(v); got != want {
			t.Errorf("%g µs is written %q, want %q", v, got, want)
		}
	}
	if got := formatKB(6144); got != "6.00 KB" {
		t.Errorf("6144 bytes are written %q", got)
	}
}

func sampleReport() *Report {
	trips := func(p50, cpu float64) []RoundTrips {
		return []RoundTrips{{RoundTrip: Latency{P50: p50, P99: 3 * p50, P999: 5 * p50}, ServerCPU: cpu, PerSecond: 1000}}
	}
	machineFloor := Contender{Name: machineFloorName, Memory: 300, onePair: trips(80, 10), manyPairs: trips(500, 16), pinned: trips(50, 20)}
	goFloor := Contender{Name: goFloorName, Memory: 3500, onePair: trips(100, 20), manyPairs: trips(1000, 20), pinned: trips(100, 30)}
	parley := Contender{Name: "Parley", Memory: 7000, MemoryWS: 7000, onePair: trips(140, 20), manyPairs: trips(1200, 30), pinned: trips(125, 30)}
	nats := Contender{Name: "NATS", Memory: 50000, onePair: trips(400, 50), manyPairs: trips(3000, 50)}
	c := &Comparison{
		Rounds: 1, Floors: 2, First: sampleFindings(), Idle: sampleSpread(),
		Notice: []NoticeResult{
			{Binary: parleyName, Nodes: 4, Clients: 100, Delay: Latency{Count: 100, P50: 40e3, Max: 90e3}, NotFound: Latency{P50: 50e3, Max: 60e3}},
			{Binary: parleyName, Nodes: 4, Clients: 8000, Delay: Latency{Count: 8000, P50: 90e3, Max: 251e3}, OtherAnswers: map[string]int{"timeout": 3}},
		},
	}
	before := Contender{Name: "before", parleySetup: &Setup{}, onePair: trips(150, 20), manyPairs: trips(1200, 40), pinned: trips(160, 30)}
	machineFloor.manyPairs[0].PerSecond = 1300
	for _, one := range []*Contender{&machineFloor, &goFloor, &parley, &before, &nats} {
		one.aggregate(&machineFloor, &goFloor)
		c.Contenders = append(c.Contenders, *one)
	}

	return c.report(&Setup{}, CompareOptions{Rounds: 1, Pairs: 500, Size: 64, Duration: time.Second, Users: 100, Pinned: true})
}

func sampleFindings() []FirstMessage {
	return []FirstMessage{
		{Binary: parleyName, Nodes: 2, Delivered: Latency{Count: 1, P50: 100}, NotFound: Latency{P50: 90}},
		{Binary: parleyName, Nodes: 8, Delivered: Latency{Count: 1, P50: 130}, NotFound: Latency{P50: 90}, Busy: .5},
		{Binary: parleyName, Nodes: 32, Delivered: Latency{Count: 1, P50: 130}, NotFound: Latency{P50: 90}, Busy: .95},
	}
}

func sampleSpread() []Memory {
	of := func(nodes int, transport string, bytes, login, rest float64) Memory {
		return Memory{Binary: parleyName, Nodes: nodes, Transport: transport, PerUser: bytes, Logins: Logins{ServerCPU: login, PerSecond: 5000, Rest: rest}}
	}

	return []Memory{of(2, "TCP", 1900, 100, 21), of(8, "TCP", 2000, 130, 40), of(2, "WebSocket", 1000, 140, 5), of(8, "WebSocket", 1200, 140, 81)}
}

func TestAComparisonShowsRatiosAndWhetherBudgetsAreKept(t *testing.T) {
	var text strings.Builder
	sampleReport().Text(&text)
	for _, want := range []string{
		" machine floor Go floor Parley before NATS Parley/machine floor Parley/Go floor budget\n",
		"round trip p50, 1 pair, pinned 50.0 µs 100 µs 125 µs 160 µs - 2.50 × 1.25 × ≤ 2.0 × machine floor ✗",
		"round trip p50, 1 pair 80.0 µs 100 µs 140 µs 150 µs 400 µs 1.75 × 1.40 ×\n",
		"server CPU a message, 500 pairs 16.0 µs 20.0 µs 30.0 µs 40.0 µs 50.0 µs 1.88 × 1.50 × ≤ 1.6 × machine floor ✗",
		"messages/s, 500 pairs 1300 1000 1000 1000 1000 0.77 × 1.00 × ≥ 0.75 × machine floor ✓",
		"the best rounds of both, Parley to the machine floor: round trip p50 of one pair 1.75 ×, pinned 2.50 ×, CPU a message 1.88 ×, messages/s 0.77 ×",
		"before: round trip p50 of one pair 1.88 × that of the machine floor, pinned 3.20 ×, CPU a message 2.50 ×, messages/s 0.77 ×",
		"whole cluster 2 nodes 8 nodes 8 to 2 budget",
		"memory a user, TCP 1.86 KB 1.95 KB 1.05 × ≤ 2.0 KB, ≤ 1.1 × ✓",
		"memory a user, WebSocket 0.98 KB 1.17 KB 1.20 × ≤ 2.0 KB, ≤ 1.1 × ✗",
		"CPU a login, TCP 100 µs 130 µs 1.30 × ≤ 150 µs, ≤ 1.2 × ✗",
		"CPU a login, WebSocket 140 µs 140 µs 1.00 × ≤ 150 µs, ≤ 1.2 × ✓",
		"CPU at rest, no users, TCP 21.0 ms/s 40.0 ms/s 1.90 × ≤ 1 % of a core a node ✗",
		"CPU at rest, no users, WebSocket 5.00 ms/s 81.0 ms/s 16.2 × ≤ 1 % of a core a node ✗",
		"1.30 × ≤ 1 ms both, ≤ 1.2 × that of 2 ✗",
		"1.30 × ≤ 1 ms both, ≤ 1.2 × that of 2 (bound by CPU) ✓",
		"bound by CPU: with 32 nodes (Parley) 95.0 % of the machine",
		"100 clients, 4 nodes 100 40.0 ms 0 µs 90.0 ms ≤ 50 ms p50, ≤ 250 ms max ✓ 50.0 ms 60.0 ms none",
		"8000 clients, 4 nodes 8000 90.0 ms 0 µs 251 ms ≤ 250 ms ✗ 0 µs 0 µs [3 timeout]",
	} {
		if !strings.Contains(columns.ReplaceAllString(text.String(), " "), want) {
			t.Errorf("%q is missing in\n%s", want, &text)
		}
	}
}

// columns are the gaps between those of a table.
var columns = regexp.MustCompile(" +")

func TestWithSeveralBinariesEachRowSaysWhichItIsOf(t *testing.T) {
	s := &Setup{Binaries: []Binary{{Name: "before"}, {Name: parleyName}}}
	all := sampleSpread()[:2]
	for _, nodes := range []int{2, 8} {
		all = append(all, Memory{Binary: "before", Nodes: nodes, Transport: "TCP", PerUser: 1024 * float64(nodes)})
	}
	table := s.idleTable(all)
	if got := strings.Join(table.Rows[1], "|"); got != "before, memory a user, TCP|2.00 KB|8.00 KB|4.00 ×|≤ 2.0 KB, ≤ 1.1 × ✗" {
		t.Errorf("the row is %q", got)
	}
	if got := table.Rows[0][0]; got != "Parley, memory a user, TCP" {
		t.Errorf("the row is %q", got)
	}
}

func TestRoundsCountByTheirMedians(t *testing.T) {
	var all []Memory
	for _, v := range []float64{3, 1, 2} {
		all = append(all, Memory{Nodes: 2, PerUser: v, RestUsers: 10 * v, Logins: Logins{ServerCPU: 100 * v, PerSecond: v, Rest: v}})
	}
	if m := medianMemory(all); m.PerUser != 2 || m.RestUsers != 20 || m.Logins.ServerCPU != 200 || m.Logins.PerSecond != 2 || m.Logins.Rest != 2 || m.Nodes != 2 {
		t.Errorf("%+v", m)
	}
}

func TestAReportIsJSONAndItsChartIsXML(t *testing.T) {
	r := sampleReport()
	times := newRecorders(1)
	for i := range 1000 {
		times.forWorker(0).add(time.Duration(i) * time.Microsecond)
	}
	r.Chart.Curves = []curve{{"a <curve> & more", times.merged()}}
	r.Chart.Title = `a "title" <&>`
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var back struct{ Results Comparison }
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Results.Parley().GoRatios.P50 != 1.4 || back.Results.Parley().Ratios.P50 != 1.75 {
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

func TestTheBestRoundsOfBothAreCompared(t *testing.T) {
	trips := func(p50, cpu, rate float64) RoundTrips {
		return RoundTrips{RoundTrip: Latency{P50: p50}, ServerCPU: cpu, PerSecond: rate}
	}
	floor := &Contender{onePair: []RoundTrips{trips(10, 0, 0), trips(20, 0, 0)}, manyPairs: []RoundTrips{trips(0, 5, 100), trips(0, 6, 200)}}
	parley := &Contender{onePair: []RoundTrips{trips(40, 0, 0), trips(30, 0, 0)}, manyPairs: []RoundTrips{trips(0, 10, 80), trips(0, 15, 100)}}
	parley.aggregate(nil, floor)
	if want := (Ratios{P50: 3, CPU: 2, PerSecond: .5}); parley.GoBest != want {
		t.Errorf("the best ratios are %+v, want %+v", parley.GoBest, want)
	}
	if want := (Ratios{P50: 2.75, CPU: 2.25, PerSecond: .65}); parley.GoRatios != want || parley.Ratios != (Ratios{}) {
		t.Errorf("the ratios are %+v, want %+v", parley.GoRatios, want)
	}
}

func TestTheBarDrawsOverItselfAndGoesAway(t *testing.T) {
	var out strings.Builder
	b := NewProgressBar(&out)
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
