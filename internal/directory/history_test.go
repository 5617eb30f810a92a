package directory

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/internal/testkit"
)

var (
	huntTime = flag.Duration("hunt", 0, "how long TestHunt looks for violations without each rule")
	huntKeep = flag.Bool("keep", false, "write the shortest histories found into testdata/histories")
	huntOff  = flag.String("off", "", "hunt only without this rule; none: with all")
)

// weights of the actions of a random history. Each history leaves some kinds out and does others
// more often, so that rare combinations come up.
var weights = [actionKinds]int{
	actDeliver: 40, actWork: 12, actLogin: 8, actLogout: 3, actLookup: 8, actEvict: 6, actEnd: 8, actConnect: 10, actSuspend: 4, actResume: 4,
	actCrash: 2, actEnter: 8, actForm: 3, actPause: 2, actWake: 3, actCut: 1, actMend: 1, actDrain: 3, actAbandon: 1, actRaise: 3, actChange: 4,
}

func swarm(r *rand.Rand) (s [actionKinds]int) {
	for k, w := range weights {
		switch r.IntN(4) {
		case 0:
			if actionKind(k) != actDeliver && actionKind(k) != actLogin {
				w = 0
			}
		case 1:
			w *= 4
		}
		s[k] = w
	}

	return s
}

func draw(r *rand.Rand, p *plan, w *world, odds *[actionKinds]int) action {
	total := 0
	for _, x := range odds {
		total += x
	}
	pick := r.IntN(total)
	a := action{a: r.IntN(p.n), b: r.IntN(p.n), u: r.IntN(2)}
	for k, x := range odds {
		if pick -= x; pick < 0 {
			a.kind = actionKind(k)

			break
		}
	}
	for t := 0; a.kind == actDeliver && t < 20 && len(w.queue[a.a][a.b]) == 0; t++ {
		a.a, a.b = r.IntN(p.n), r.IntN(p.n)
	}

	return a
}

// random plays a random history and returns it.
func random(r *rand.Rand, off string, depth int) (*plan, *world) {
	p := &plan{n: 3 + r.IntN(2), mesh: r.IntN(4) > 0, late: r.IntN(3) == 0, off: off}
	for range p.n {
		p.skews = append(p.skews, r.IntN(5)*40)
	}
	w, odds := p.world(), swarm(r)
	for k := 0; k < 3*depth && w.bad == "" && len(p.actions) < depth; k++ {
		if a := draw(r, p, w, &odds); w.do(a) {
			p.actions = append(p.actions, a)
		}
	}
	if w.bad == "" {
		w.final()
	}

	return p, w
}

// TestRandomHistoriesKeepThePromises plays some thousand random histories of the real cores.
func TestRandomHistoriesKeepThePromises(t *testing.T) {
	histories := 2000
	if testkit.Race || testing.Short() {
		histories = 300
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 2))
	for range histories {
		if p, w := random(r, "none", 60); w.bad != "" {
			p.shrink(w.bad[0])
			t.Fatalf("seed %d: %s\n%s", seed, p.trace(), p)
		}
	}
}

// TestDrawnHistoriesKeepThePromises is the same with histories that rapid draws and shrinks.
func TestDrawnHistoriesKeepThePromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &plan{off: "none", n: rapid.IntRange(2, 4).Draw(rt, "nodes"), mesh: rapid.Bool().Draw(rt, "mesh"), late: rapid.Bool().Draw(rt, "late")}
		p.skews = rapid.SliceOfN(rapid.IntRange(0, 160), p.n, p.n).Draw(rt, "skews")
		node := rapid.IntRange(0, p.n-1)
		p.actions = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) action {
			return action{
				kind: actionKind(rapid.IntRange(0, int(actionKinds)-1).Draw(rt, "kind")),
				a:    node.Draw(rt, "a"), b: node.Draw(rt, "b"), u: rapid.IntRange(0, 1).Draw(rt, "user"),
			}
		}), 1, 120).Draw(rt, "actions")
		if w, _ := p.play(false); w.bad != "" {
			rt.Fatalf("%s", p.trace())
		}
	})
}

// TestEachRuleIsNecessary plays histories that were found without one rule: without it a promise is
// broken, with all rules none is.
func TestEachRuleIsNecessary(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, file := range files {
		rule, _, _ := strings.Cut(filepath.Base(file), "_")
		shown[rule] = true
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := parsePlan(string(text))
			if err != nil {
				t.Fatal(err)
			}
			bad := strings.TrimSuffix(file, ".txt")
			bad = bad[len(bad)-1:]
			p.off = rule
			if w, _ := p.play(false); !strings.HasPrefix(w.bad, bad) {
				t.Errorf("without the rule: %q", w.bad)
			}
			p.off = "none"
			if w, _ := p.play(false); w.bad != "" {
				t.Errorf("with all rules: %s", p.trace())
			}
		})
	}
	for _, rule := range ruleNames {
		if !shown[rule] {
			t.Errorf("no history shows that %s is necessary", rule)
		}
	}
}

func TestHunt(t *testing.T) {
	if *huntTime == 0 {
		t.Skip("for the hunt: -hunt 10s [-off rule]")
	}
	names := append([]string{"none"}, ruleNames...)
	if *huntOff != "" {
		names = []string{*huntOff}
	}
	debug.SetGCPercent(1000)
	for _, off := range names {
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 1))
		found, histories := map[byte]int{}, 0
		best := map[byte]*plan{}
		for end := time.Now().Add(*huntTime); time.Now().Before(end); histories++ {
			p, w := random(r, off, 60)
			if w.bad == "" {
				continue
			}
			k := w.bad[0]
			found[k]++
			if found[k] > 30 {
				continue
			}
			p.shrink(k)
			if b := best[k]; b == nil || len(p.actions) < len(b.actions) {
				best[k] = p
			}
		}
		var kinds []string
		for k, n := range found {
			kinds = append(kinds, fmt.Sprintf("%c: %d", k, n))
		}
		slices.Sort(kinds)
		t.Logf("off %s: %d histories; %v", off, histories, kinds)
		for k, p := range best {
			t.Log(p.trace())
			if *huntKeep {
				if err := os.WriteFile(fmt.Sprintf("testdata/histories/%s_%c.txt", off, k), []byte(p.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
