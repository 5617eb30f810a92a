package overview_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
)

func id(name string) node.ID { return node.ID{Name: name, Incarnation: 1} }

func ids(names string) (all []node.ID) {
	for name := range strings.FieldsSeq(names) {
		all = append(all, id(name))
	}

	return all
}

// told writes views as "+n2" and "-n3 (why)", one a line.
func told(views []overview.View) string {
	var b strings.Builder
	for _, v := range views {
		fmt.Fprintf(&b, "%d:", v.Number)
		for _, n := range v.Joined {
			fmt.Fprintf(&b, " +%s", strings.TrimSuffix(n, "#0000000000000001"))
		}
		for _, l := range v.Left {
			fmt.Fprintf(&b, " -%s", strings.TrimSuffix(l.ID, "#0000000000000001"))
			if l.Why != "" {
				fmt.Fprintf(&b, " (%s)", l.Why)
			}
		}
		fmt.Fprintf(&b, " of %d\n", v.Members)
	}

	return b.String()
}

func TestAHistoryTellsWhoJoinedAndWhoLeft(t *testing.T) {
	var h overview.History
	at := time.Unix(1_700_000_000, 0)
	view := func(names string) { h.ViewChanged(id("n1"), ids(names), at) }
	view("")
	view("n1 n2") // it has entered: n2 was there before
	view("n1 n2")
	view("n1 n2 n3 n4")
	h.LinkEnded(id("n3"), errors.New("gone"))
	h.LinkEnded(id("n9"), errors.New("never a member"))
	view("n1 n2 n4")
	view("n1 n4") // no link has ended: n2 has said so
	view("")      // it has stepped out
	view("n1 n2 n4")
	want := "1: +n1 of 2\n2: +n3 +n4 of 4\n3: -n3 (gone) of 3\n4: -n2 of 2\n5: -n1 of 0\n6: +n1 of 3\n"
	if got := told(h.After(0)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := told(h.After(4)); got != "5: -n1 of 0\n6: +n1 of 3\n" {
		t.Errorf("after 4: %s", got)
	}
	if got := h.After(6); len(got) != 0 {
		t.Errorf("after the last: %v", got)
	}
}

func TestANodeThatWasPausedTellsThatItHasLeft(t *testing.T) {
	var h overview.History
	at := time.Unix(1_700_000_000, 0)
	view := func(names string) { h.ViewChanged(id("n1"), ids(names), at) }
	paused := func() { h.Paused(id("n1"), errors.New("paused"), at) }
	paused() // it is no member
	view("n1 n2 n3")
	for range 2 {
		paused()
		view("n1 n3")
		paused()
		view("n1")
		view("")
		view("n1 n2 n3")
	}
	want := "1: +n1 of 3\n2: -n1 (paused) of 0\n3: +n1 of 3\n4: -n1 (paused) of 0\n5: +n1 of 3\n"
	if got := told(h.After(0)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestAHistoryIsBounded(t *testing.T) {
	var h overview.History
	for i := range 300 {
		names := "n1"
		if i%2 == 1 {
			names = "n1 n2"
		}
		h.ViewChanged(id("n1"), ids(names), time.Unix(int64(i), 0))
	}
	if v := h.After(0); len(v) != 100 || v[0].Number != 201 || v[99].Number != 300 {
		t.Errorf("%d from %d to %d", len(v), v[0].Number, v[len(v)-1].Number)
	}
	if v := h.After(250); len(v) != 50 || v[0].Number != 251 {
		t.Errorf("%d", len(v))
	}
}
