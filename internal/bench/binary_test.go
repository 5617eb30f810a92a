package bench

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestABinaryHasANameAndAPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley")
	if err := os.WriteFile(path, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	all, err := ParseBinaries([]string{"self", "before=" + path, path, "now=self"})
	want := []Binary{{parleyName, ""}, {"before", path}, {path, path}, {"now", ""}}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
	for value, part := range map[string]string{
		"":                     "write NAME=PATH",
		"=" + path:             "write NAME=PATH",
		"x=":                   "write NAME=PATH",
		"before=" + path + "x": "no such file",
	} {
		_, err := ParseBinaries([]string{value})
		wantError(t, err, part)
	}
	_, err = ParseBinaries([]string{"a=self", "a=" + path})
	wantError(t, err, "the name of two")
}

func TestAllBinariesAreMeasuredWithEachNumberOfNodesInTurn(t *testing.T) {
	s := &Setup{Binaries: []Binary{{Name: "before"}, {Name: "after"}}}
	var names []string
	for _, r := range s.clusterRuns([]int{1, 2}) {
		names = append(names, r.title())
	}
	if want := []string{"before, 1 node", "after, 1 node", "before, 2 nodes", "after, 2 nodes"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}

func TestChosenAddressesAreAllDifferent(t *testing.T) {
	addrs, err := freeAddrs(t.Context(), 60)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(addrs)
	if got := len(slices.Compact(addrs)); got != 60 {
		t.Errorf("%d different ones of 60", got)
	}
}
