package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

var errNoCounts = errors.New("--counts: system calls and context switches are counted on Linux only")

// Floor measures the floors: bare relays.
func (s *Setup) Floor(ctx context.Context, load Load) (*Report, error) {
	load, err := load.check()
	if err != nil {
		return nil, err
	}

	return s.roundTrips(ctx, s.floors(), load, "floor", fmt.Sprintf("framed messages of %d bytes through bare relays, no names, no answers", load.Size))
}

// PingPong measures round trips between users of Parley, after those of the floors unless nodes run
// already.
func (s *Setup) PingPong(ctx context.Context, load Load) (*Report, error) {
	load, err := load.check()
	if err != nil {
		return nil, err
	}
	one, err := s.singleBinary()
	if err != nil {
		return nil, err
	}
	var all []starter
	if len(s.URLs) == 0 && !load.NoFloors {
		all = s.floors()
	}

	return one.roundTrips(ctx, append(all, one.parleyNodes), load, "pingpong", s.messageNote(load.Size))
}

// roundTrips measures fresh servers of each kind in turn.
func (s *Setup) roundTrips(ctx context.Context, kinds []starter, load Load, command, note string) (*Report, error) {
	if load.Pinned && len(s.URLs) > 0 {
		return nil, errors.New("--pinned only works with processes that bench starts: not with --url")
	}
	if load.Counts && !canMeasure {
		return nil, errNoCounts
	}
	if load.Counts && len(s.URLs) > 0 && len(s.PIDs) == 0 {
		return nil, errors.New("--counts needs the processes of running nodes: give their --pid")
	}
	r := newReport(command, nil, note, cpuNote)
	if len(kinds) > 1 || command == "floor" {
		r.Notes = append(r.Notes, floorNote)
		if !canLoop {
			r.Notes = append(r.Notes, noMachineFloor)
		}
	}
	if load.Pinned {
		r.Notes = append(r.Notes, pinNote())
	}
	r.Table.Head = latencyHead("round trip", "messages/s", "server CPU")
	r.Chart.Title = "Round trip"
	var all []RoundTrips
	for i, start := range kinds {
		sub := s.progressStep(i, len(kinds), "round trips")
		measure := sub.unpinned
		if load.Pinned {
			measure = sub.pinned
		}
		t, err := measure(ctx, start, load)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
		r.Chart.Curves = append(r.Chart.Curves, curve{t.Name, t.hist})
		r.Table.add(latencyRow(t.Name, t.RoundTrip, formatNumber(t.PerSecond), orDash(t.ServerCPU, formatMicros))...)
	}
	r.Results = all
	if load.Counts {
		counts, notes := countsTable(all)
		r.ExtraTables = append(r.ExtraTables, counts)
		r.Notes = append(r.Notes, notes...)
	}
	last := all[len(all)-1]
	for _, floor := range all[:len(all)-1] {
		r.Notes = append(r.Notes, last.ratioNote(floor))
	}
	r.Chart.Subtitle = load.String() + ", " + strconv.Itoa(load.Size) + " bytes"
	r.Notes = append([]string{load.String()}, r.Notes...)

	return r, nil
}

// String says how many pairs and servers there are, and whether they are pinned.
func (l Load) String() string {
	text := fmt.Sprintf("%d pairs", l.Pairs)
	if l.Pairs == 1 {
		text = "1 pair"
	}
	if l.SameNode {
		text += ", 1 server"
	} else {
		text += ", 2 servers"
	}
	if l.Pinned {
		text += ", pinned"
	}

	return text
}

// ratioNote compares with a floor of the same run.
func (t *RoundTrips) ratioNote(floor RoundTrips) string {
	note := fmt.Sprintf("%s to the %s: round trip p50 %s, messages/s %s", t.Name, floor.Name,
		formatRatio(t.RoundTrip.P50/floor.RoundTrip.P50), formatRatio(t.PerSecond/floor.PerSecond))
	if floor.ServerCPU > 0 {
		note += ", CPU a message " + formatRatio(t.ServerCPU/floor.ServerCPU)
	}

	return note
}
