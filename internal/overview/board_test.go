package overview_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/overview"
)

var begin = time.Unix(1_700_000_000, 0).UTC()

// sampler makes rounds, one a second, of nodes that have sent so many messages.
type sampler struct {
	board overview.Board
	now   int // seconds
}

func (s *sampler) at() time.Time { return begin.Add(time.Duration(s.now) * time.Second) }

func (s *sampler) round(answers ...overview.Answer) *overview.Picture {
	s.now++

	return s.board.Update(overview.Round{At: s.at(), By: "n1#1", Answers: answers})
}

func (s *sampler) node(id string, local, timeouts uint64, views ...overview.View) overview.Answer {
	return overview.Answer{ID: id, Node: &overview.Node{
		ID: id, Started: begin, Age: time.Duration(s.now+1) * time.Second, Ready: true, Users: map[string]int64{"tcp": 2, "ws": 1}, Members: 2, Views: views,
		Counters: map[string]map[string]uint64{overview.Ways: {"local": local}, overview.Outcomes: {"timeout": timeouts}},
	}}
}

func silent(id string) overview.Answer { return overview.Answer{ID: id, Fault: "no answer"} }

func TestRatesAreThoseOfTheLastSecond(t *testing.T) {
	var s sampler
	p := s.round(s.node("n1#1", 1000, 7), s.node("n2#2", 5, 0))
	if p.PerSecond != nil || p.Minute != nil || p.Total[overview.Ways]["local"] != 1005 || p.Users != 6 || p.Members != 2 || p.Answering != 2 {
		t.Errorf("the first picture: %+v", p)
	}
	s.round(s.node("n1#1", 1010, 7), s.node("n2#2", 5, 0))
	p = s.round(s.node("n1#1", 1040, 8), s.node("n2#2", 8, 0))
	if p.PerSecond[overview.Ways]["local"] != 33 || p.Nodes[0].PerSecond[overview.Ways]["local"] != 30 || p.Nodes[1].PerSecond[overview.Ways]["local"] != 3 {
		t.Errorf("%v", p.PerSecond)
	}
	if p.Minute[overview.Ways]["local"] != 43 || p.Minute[overview.Outcomes]["timeout"] != 1 || p.Window != 2 {
		t.Errorf("%v in %v s", p.Minute, p.Window)
	}
	s.now += 3 // n2 was not asked for a while
	if p = s.round(s.node("n2#2", 48, 0)); p.PerSecond[overview.Ways]["local"] != 10 {
		t.Errorf("after a gap of 4 s: %v", p.PerSecond)
	}
}

func TestTheWindowIsAMinute(t *testing.T) {
	var s sampler
	var p *overview.Picture
	for i := range uint64(300) {
		p = s.round(s.node("n1#1", 10*i, 0))
		if want := min(float64(i), 60); p.Window < want || p.Window > want+5 {
			t.Fatalf("second %d: a window of %v s", i, p.Window)
		}
	}
	if n := p.Minute[overview.Ways]["local"]; float64(n) != 10*p.Window {
		t.Errorf("%d in %v s", n, p.Window)
	}
}

func TestANodeThatDoesNotAnswerKeepsItsLastFigures(t *testing.T) {
	var s sampler
	s.round(s.node("n1#1", 10, 0), silent("n3#3"))
	s.round(s.node("n1#1", 10, 0), s.node("n2#2", 20, 0), silent("n3#3"))
	heard := s.at()
	for range 3 {
		p := s.round(s.node("n1#1", 10, 0), silent("n2#2"), silent("n3#3"))
		n := p.Nodes[1]
		if n.State != overview.Silent || n.Reason != "no answer" || !n.Since.Equal(heard) || !n.Heard.Equal(heard) || n.Users["tcp"] != 2 ||
			n.PerSecond != nil || n.Times != nil || n.Total[overview.Ways]["local"] != 20 {
			t.Errorf("n2: %+v", n)
		}
		if n = p.Nodes[2]; n.State != overview.Silent || !n.Since.Equal(begin.Add(time.Second)) || n.Heard != nil || n.Started != nil {
			t.Errorf("n3, which has never answered: %+v", n)
		}
		if p.Members != 3 || p.Answering != 1 || p.Users != 3 || p.Total[overview.Ways]["local"] != 10 {
			t.Errorf("sums are not those of the nodes that answer: %+v", p)
		}
	}
	p := s.round(s.node("n1#1", 10, 0), s.node("n2#2", 60, 0), silent("n3#3"))
	if n := p.Nodes[1]; n.State != overview.Ready || n.Reason != "" || n.Since != nil || n.PerSecond[overview.Ways]["local"] != 10 {
		t.Errorf("it answers again: %+v", n)
	}
}

func TestANodeOfAnotherVersionShowsWhatItTells(t *testing.T) {
	var s sampler
	older := overview.Answer{ID: "n2#2", Older: true, Fault: "older", Node: &overview.Node{ID: "n2#2", Ready: true, Users: map[string]int64{"any": 4}, Members: 2}}
	for range 2 {
		p := s.round(s.node("n1#1", 10, 0), older)
		if n := p.Nodes[1]; n.State != overview.Other || n.Reason != "older" || n.Users["any"] != 4 || n.PerSecond != nil || p.Users != 7 || p.Answering != 1 {
			t.Errorf("%+v", p)
		}
	}
}

func joined(number uint64, second int, nodes ...string) overview.View {
	return overview.View{Number: number, At: begin.Add(time.Duration(second) * time.Second), Joined: nodes}
}

func left(number uint64, second int, why string, node string) overview.View {
	return overview.View{Number: number, At: begin.Add(time.Duration(second) * time.Second), Left: []overview.Left{{ID: node, Why: why}}}
}

func changes(p *overview.Picture) (lines []string) {
	for _, c := range p.Changes {
		line := fmt.Sprintf("%d %s %s", c.At.Unix()-begin.Unix(), c.Node, c.Kind)
		if c.Why != "" {
			line += " (" + c.Why + ")"
		}
		for _, s := range c.Seen {
			line += fmt.Sprintf(" %s@%d", s.By, s.At.Unix()-begin.Unix())
		}
		lines = append(lines, line)
	}

	return lines
}

func TestNodesTellOfTheSameChangeOnce(t *testing.T) {
	var s sampler
	all := []overview.View{joined(1, 1, "n1#1"), joined(2, 2, "n2#2", "n3#3"), left(3, 40, "silent", "n3#3"), joined(4, 45, "n3#3")}
	s.round(s.node("n1#1", 0, 0, all...), s.node("n2#2", 0, 0, joined(1, 3, "n2#2"), joined(2, 3, "n3#3"), left(3, 39, "", "n3#3")))
	p := s.round(s.node("n1#1", 0, 0, all...), s.node("n2#2", 0, 0), s.node("n3#3", 0, 0, left(7, 42, "paused", "n3#3"), joined(8, 46, "n3#3")))
	want := []string{
		"45 n3#3 joined n1#1@45 n3#3@46", "39 n3#3 left (silent) n2#2@39 n1#1@40 n3#3@42", "2 n3#3 joined n1#1@2 n2#2@3",
		"2 n2#2 joined n1#1@2 n2#2@3", "1 n1#1 joined n1#1@1",
	}
	if got := changes(p); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	if s.board.After("n1#1") != 4 || s.board.After("n3#3") != 8 || s.board.After("n4#4") != 0 {
		t.Error("a node is asked again for what it has told")
	}
	var fresh sampler // which has another first picture: a node tells again what it has told
	fresh.board = s.board
	fresh.round(s.node("n2#2", 0, 0))
	p = fresh.round(s.node("n1#1", 0, 0, all...), s.node("n2#2", 0, 0))
	if got := changes(p); len(got) != len(want) {
		t.Errorf("a change is there twice: %q", got)
	}
}

func TestANodeThatHasLeftStaysUntilOneOfItsNameIsBack(t *testing.T) {
	var s sampler
	s.round(s.node("n1#1", 0, 0), s.node("n2#2", 30, 0))
	heard := s.at()
	p := s.round(s.node("n1#1", 0, 0, left(1, 2, "gone", "n2#2")))
	n := p.Nodes[1]
	if n.ID != "n2#2" || n.State != overview.Gone || n.Reason != "gone" || !n.Since.Equal(begin.Add(2*time.Second)) || !n.Heard.Equal(heard) || n.Users["ws"] != 1 ||
		p.Members != 1 || p.Users != 3 {
		t.Errorf("%+v", p)
	}
	if p = s.round(s.node("n1#1", 0, 0), s.node("n2#9", 0, 0)); len(p.Nodes) != 2 || p.Nodes[1].State != overview.Ready {
		t.Errorf("a new process of its name is there: %+v", p.Nodes)
	}
	p = s.round(s.node("n1#1", 0, 0, left(2, 4, "silent", "n2#9")))
	if len(p.Nodes) != 2 || p.Nodes[1].ID != "n2#9" || p.Nodes[1].Reason != "silent" {
		t.Errorf("of each name the last: %+v", p.Nodes)
	}
	s.now += 3601
	if p = s.round(s.node("n1#1", 0, 0)); len(p.Nodes) != 1 || len(p.Changes) != 2 {
		t.Errorf("after an hour: %+v, %+v", p.Nodes, p.Changes)
	}
}

func TestAPictureIsBounded(t *testing.T) {
	var s sampler
	n := s.node("n1#1", 0, 0)
	for i := range 700 {
		n.Node.Links = append(n.Node.Links, overview.Link{To: fmt.Sprintf("m%03d#1", i), Queued: int64(i % 100), Suspended: i == 300, RoundTrip: time.Duration(i)})
		n.Node.Views = append(n.Node.Views, left(uint64(i+1), 1, "", fmt.Sprintf("m%03d#1", i)))
	}
	p := s.round(n)
	if len(p.Links) != 600 || p.LeftOff != 100 || len(p.Changes) != 100 || len(p.Nodes) != 17 {
		t.Errorf("%d links and %d more, %d changes, %d nodes", len(p.Links), p.LeftOff, len(p.Changes), len(p.Nodes))
	}
	kept := make(map[string]bool)
	for _, l := range p.Links {
		kept[l.To] = true
	}
	if !kept["m300#1"] || kept["m001#1"] || !kept["m699#1"] {
		t.Error("links in trouble are left off before those in order")
	}
}

func TestPercentilesAreEstimatedWithinBuckets(t *testing.T) {
	var h latency.Histogram
	for range 90 {
		h.Observe(10 * time.Microsecond) // from 8 to 16
	}
	var s sampler
	before, after := s.node("n1#1", 0, 0), s.node("n1#1", 0, 0)
	before.Node.Times = map[string]overview.Times{"lookup": overview.TimesOf(h.Snapshot())}
	s.round(before)
	for range 90 {
		h.Observe(100 * time.Microsecond) // from 64 to 128
	}
	for range 10 {
		h.Observe(time.Minute) // beyond all bounds
	}
	after.Node.Age += time.Second
	after.Node.Times = map[string]overview.Times{"lookup": overview.TimesOf(h.Snapshot())}
	p := s.round(after)
	got := p.Times["lookup"]
	if got.Count != 100 || math.Abs(got.P50-(64+64*50./90)) > 1e-9 || got.P90 != 128 || got.P99 != 8388608 || len(got.Buckets) != 23 || got.Buckets[2] != 0 {
		t.Errorf("%+v", got)
	}
}
