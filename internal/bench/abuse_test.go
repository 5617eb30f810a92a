package bench

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAttacksHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range attacks {
		if seen[a.name] || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(a.name) || a.what == "" || a.run == nil {
			t.Errorf("%q: %q", a.name, a.what)
		}
		seen[a.name] = true
		if found, err := findAttack(a.name); err != nil || found.what != a.what {
			t.Errorf("%q is not found: %v", a.name, err)
		}
	}
	if listed := Attacks(); len(listed) != len(attacks) || listed[0] != (Attack{attacks[0].name, attacks[0].what}) {
		t.Errorf("listed are %v", listed)
	}
}

func TestAbuseOptionsThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []struct {
		o    AbuseOptions
		want string
	}{
		{AbuseOptions{Duration: 0}, "--duration 0s: how long each phase is"},
		{AbuseOptions{Duration: time.Hour}, "at most 1m0s"},
		{AbuseOptions{Duration: time.Second, Rounds: -1}, "--rounds -1: between 1 and 100"},
		{AbuseOptions{Duration: time.Second, Attacks: []string{"nuke"}}, "--attack nuke: there are flood-1, "},
		{AbuseOptions{Duration: time.Second, Attacks: []string{"pings", "pings"}}, "--attack pings is given twice"},
	} {
		_, err := c.o.check()
		wantError(t, err, c.want)
	}
	if all, err := (AbuseOptions{Duration: time.Second}).check(); err != nil || len(all) != len(attacks) {
		t.Errorf("without names: %d attacks, %v", len(all), err)
	}
	if two, err := (AbuseOptions{Duration: time.Second, Attacks: []string{"pings", "flood-1"}}).check(); err != nil ||
		len(two) != 2 || two[0].name != "pings" || two[1].name != "flood-1" {
		t.Errorf("%v, %v", two, err)
	}
	_, err := (&Setup{URLs: []string{"tcp://h:1"}}).MeasureAbuse(t.Context(), AbuseOptions{Duration: time.Second})
	wantError(t, err, "--url: abuse attacks nodes")
}

func abuseResult(name string, control, attack float64) AbuseResult {
	r := AbuseResult{Name: name, What: "harm", Ratio: attack / control, MemoryBefore: 20 << 20, MemoryPeak: 30 << 20}
	r.Quiet = HonestLoad{Sent: 100, OneWay: Latency{P50: 100, P99: 200}}
	r.Control = HonestLoad{Sent: 100, OneWay: Latency{P50: 150, P99: control}}
	r.Attack = HonestLoad{Sent: 100, OneWay: Latency{P50: 250, P99: attack}, Logins: HonestLogins{Tried: 10}}
	r.Outcome = AttackOutcome{Work: 3000, Unit: "pings", Seconds: 2}

	return r
}

func TestOnlyWhatIsWithinTheBudgetIsKept(t *testing.T) {
	lost, login, found := abuseResult("lost", 400, 400), abuseResult("login", 400, 400), abuseResult("found", 400, 400)
	lost.Attack.Lost, lost.Attack.Refused = 1, map[string]int{"timeout": 1}
	login.Attack.Logins.Failed, login.Attack.Logins.Error = 1, "no welcome"
	found.Outcome.Checked, found.Outcome.Failed, found.Outcome.Text = true, true, "1 of 2 delivered"
	all := []AbuseResult{abuseResult("fair", 400, 1200), abuseResult("slow", 400, 1210), lost, login, found}
	r := (&Setup{}).abuseReport(AbuseOptions{Duration: time.Second}, all)
	var out strings.Builder
	r.Text(&out)
	marks := map[string]string{}
	for _, row := range r.Table.Rows {
		marks[row[0]] = row[len(row)-1]
	}
	for name, mark := range map[string]string{"fair": "✓", "slow": "✗", "lost": "✗", "login": "✗", "found": "✗"} {
		if marks[name] != mark {
			t.Errorf("%s is marked %q, not %q", name, marks[name], mark)
		}
	}
	for _, want := range []string{
		"3.00 ×", "20.0 MB  30.0 MB", "1500 pings/s", "1 of 2 delivered ✗", "lost, attack: 1 of 100 messages lost; refused: [1 timeout]",
		"login, attack: 1 of 10 logins failed, the first one with: no welcome",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

func TestTheMiddleRoundHasTheLossesOfAll(t *testing.T) {
	rounds := []AbuseResult{abuseResult("a", 100, 900), abuseResult("a", 100, 100), abuseResult("a", 100, 200)}
	rounds[0].Attack.Lost, rounds[0].Attack.Refused, rounds[0].MemoryPeak = 7, map[string]int{"timeout": 7}, 99<<20
	rounds[1].Outcome.Failed, rounds[1].Outcome.Text = true, "none"
	r := middleAbuse(slices.Clone(rounds))
	if r.Ratio != 2 || r.Attack.OneWay.P99 != 200 || r.Attack.Sent != 300 || r.Attack.Lost != 7 || r.Attack.Refused["timeout"] != 7 ||
		r.MemoryPeak != 99<<20 || !r.Outcome.Failed || r.Outcome.Text != "none" || r.Kept() {
		t.Errorf("%+v", r)
	}
	if one := middleAbuse(rounds[2:]); one.Ratio != 2 || one.Attack.Sent != 100 || !one.Kept() {
		t.Errorf("one round: %+v", one)
	}
}
