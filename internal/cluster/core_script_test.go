package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/parley-dm/parley/internal/node"
)

// The scripts of testdata/core drive the cores of several nodes. Statuses wait on the links until
// they are delivered by name. Commands:
//
//	node a b c        new nodes, the first the oldest; each looks for the cluster
//	found a           all addresses that a was given have answered
//	link a b          a link stands between a and b
//	end a b           a's side of the link ends; what is on the way to a is lost
//	cut a b           both sides end
//	crash a b c       a's process is gone: b and c end their links to it
//	silent a b        a's link to b is suspended
//	deliver a->b      the next status from a comes to b; without an argument: all, until none is left
//	wait 500ms        time passes, every core ticks
//	out a             a's sessions have ended: its links end
//	pause a           node a did not run: its links end, and it looks again
//
// Each answers with the actions that came of it ("a: …", tell is left out), and the views.
type coreWorld struct {
	now   time.Time
	ids   map[string]node.ID
	cores map[string]*core
	names []string
	queue map[[2]string][]status

	crashed map[string]bool
	out     strings.Builder
}

func (w *coreWorld) do(name string, acts []action) {
	for _, a := range acts {
		to := w.nameOf(a.node)
		switch a.do {
		case tell:
			w.queue[[2]string{name, to}] = append(w.queue[[2]string{name, to}], w.cores[name].status())
		case ahead:
			fmt.Fprintf(&w.out, "%s: %s may enter\n", name, to)
		case viewChanged:
			fmt.Fprintf(&w.out, "%s: view %s\n", name, w.show(a.view))
		case down:
			fmt.Fprintf(&w.out, "%s: %s down, view %s\n", name, to, w.show(a.view))
		case stepOut:
			fmt.Fprintf(&w.out, "%s: steps out\n", name)
		case yield:
			fmt.Fprintf(&w.out, "%s: gives up its name to %s\n", name, to)
		case conflict:
			fmt.Fprintf(&w.out, "%s: keeps its name\n", name)
		}
	}
}

func (w *coreWorld) nameOf(n node.ID) string {
	for name, id := range w.ids {
		if id == n {
			return name
		}
	}

	return ""
}

func (w *coreWorld) show(view []node.ID) string {
	if len(view) == 0 {
		return "none"
	}
	names := make([]string, len(view))
	for i, n := range view {
		names[i] = w.nameOf(n)
	}
	slices.Sort(names)

	return strings.Join(names, " ")
}

func (w *coreWorld) end(a, b string) {
	delete(w.queue, [2]string{b, a})
	w.do(a, w.cores[a].unlinked(nil, w.ids[b], w.crashed[b], w.now))
}

func (w *coreWorld) deliver(a, b string) bool {
	q := w.queue[[2]string{a, b}]
	if len(q) == 0 {
		return false
	}
	w.queue[[2]string{a, b}] = q[1:]
	w.do(b, w.cores[b].heard(nil, w.ids[a], q[0], w.now))

	return true
}

func (w *coreWorld) deliverAll() {
	for again := true; again; {
		again = false
		for _, a := range w.names {
			for _, b := range w.names {
				again = w.deliver(a, b) || again
			}
		}
	}
}

func (w *coreWorld) command(t *testing.T, words []string) {
	t.Helper()
	switch words[0] {
	case "node":
		for _, name := range words[1:] {
			id := node.ID{Name: strings.TrimSuffix(name, "'"), Incarnation: uint64(len(w.names) + 1)}
			w.ids[name], w.cores[name] = id, newCore(id, w.now)
			w.names = append(w.names, name)
			w.now = w.now.Add(time.Millisecond)
		}
	case "found":
		w.do(words[1], w.cores[words[1]].introduced(nil, true, w.now))
	case "link":
		a, b := words[1], words[2]
		w.do(a, w.cores[a].linked(nil, w.ids[b]))
		w.do(b, w.cores[b].linked(nil, w.ids[a]))
	case "end":
		w.end(words[1], words[2])
	case "cut":
		w.end(words[1], words[2])
		w.end(words[2], words[1])
	case "crash":
		name := words[1]
		w.crashed[name] = true
		for _, other := range words[2:] {
			w.end(other, name)
		}
	case "silent":
		w.cores[words[1]].silent = map[node.ID]bool{w.ids[words[2]]: true}
	case "deliver":
		if len(words) == 1 {
			w.deliverAll()
		} else if a, b, _ := strings.Cut(words[1], "->"); !w.deliver(a, b) {
			t.Fatalf("nothing is on the way: %v", words)
		}
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		for end := w.now.Add(d); w.now.Before(end); {
			w.now = w.now.Add(50 * time.Millisecond)
			for _, name := range w.names {
				w.do(name, w.cores[name].tick(nil, w.now))
			}
		}
	case "out":
		name := words[1]
		w.do(name, w.cores[name].steppedOut(nil, w.now))
		w.endAll(name)
	case "pause":
		name := words[1]
		for n := range w.cores[name].peers {
			w.end(name, w.nameOf(n))
		}
		w.do(name, w.cores[name].paused(nil, w.now))
		w.endAll(name)
	default:
		t.Fatalf("no such command: %v", words)
	}
}

func (w *coreWorld) endAll(name string) {
	for _, other := range w.names {
		if other != name {
			w.end(name, other)
			w.end(other, name)
		}
	}
}

func TestCoreScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/core", func(t *testing.T, path string) {
		t.Helper()
		w := &coreWorld{
			now: time.UnixMilli(1_000_000), ids: make(map[string]node.ID), cores: make(map[string]*core), queue: make(map[[2]string][]status),
			crashed: make(map[string]bool),
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			w.out.Reset()
			lines := append([]string{d.Cmd + " " + args(d)}, strings.Split(d.Input, "\n")...)
			for _, line := range lines {
				if words := strings.Fields(line); len(words) > 0 {
					w.command(t, words)
				}
			}

			return w.out.String()
		})
	})
}

func args(d *datadriven.TestData) string {
	words := make([]string, len(d.CmdArgs))
	for i, a := range d.CmdArgs {
		words[i] = a.Key
	}

	return strings.Join(words, " ")
}
