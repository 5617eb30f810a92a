package directory

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAListKeepsTheOrderOfArrival(t *testing.T) {
	type item struct{ place element[item] }
	rapid.Check(t, func(t *rapid.T) {
		var l list[item]
		var want []*item
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				it := &item{}
				l.push(&it.place, it)
				want = append(want, it)
			},
			"remove": func(t *rapid.T) {
				if len(want) == 0 {
					t.Skip("the list is empty")
				}
				i := rapid.IntRange(0, len(want)-1).Draw(t, "index")
				l.cursor = &want[i].place
				l.remove(&want[i].place)
				want = slices.Delete(want, i, i+1)
				if (l.cursor == nil) != (i == len(want)) || l.cursor != nil && l.cursor.of != want[i] {
					t.Fatalf("the cursor did not move on to the next of %d", i)
				}
			},
			"": func(t *rapid.T) {
				var got, back []*item
				for e := l.first; e != nil; e = e.next {
					got = append(got, e.of)
				}
				for e := l.last; e != nil; e = e.prev {
					back = append(back, e.of)
				}
				slices.Reverse(back)
				if !slices.Equal(got, want) || !slices.Equal(back, want) {
					t.Fatalf("%d forwards and %d backwards of %d", len(got), len(back), len(want))
				}
			},
		})
	})
}
