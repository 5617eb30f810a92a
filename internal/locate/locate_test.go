package locate_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/locate"
	"github.com/parley-dm/parley/internal/node"
)

// asker notes the answers that are not for Locate.
type asker struct{ got []uint64 }

func (a *asker) Located(token uint64, _ node.Place) { a.got = append(a.got, token) }
func (a *asker) NotFound(token uint64)              { a.got = append(a.got, token) }
func (a *asker) LookupFailed(token uint64)          { a.got = append(a.got, token) }

// book is a directory that answers as its function says, and notes what was cancelled.
type book struct {
	answer    func(userID string, token uint64)
	cancelled int
}

func (b *book) Lookup(userID string, token uint64) { b.answer(userID, token) }
func (b *book) Cancel(uint64)                      { b.cancelled++ }

var place = node.Place{Node: node.ID{Name: "n1", Incarnation: 1}, SID: node.SID{7}}

func TestPlacesComeInTheOrderOfTheIDs(t *testing.T) {
	l := locate.New(&asker{})
	var late []func()
	b := &book{answer: func(userID string, token uint64) {
		if userID == "alice" {
			late = append(late, func() { l.Located(token, place) })
		} else {
			l.NotFound(token)
		}
		for len(late) > 0 && userID == "carol" {
			late[0]()
			late = late[1:]
		}
	}}
	got, err := l.Locate(t.Context(), b, []string{"alice", "bob", "carol"})
	if err != nil || !slices.Equal(got, []node.Place{place, {}, {}}) || b.cancelled != 0 {
		t.Errorf("%v, %v, %d cancelled", got, err, b.cancelled)
	}
}

func TestALookupThatFailsEndsTheOthers(t *testing.T) {
	l := locate.New(&asker{})
	var tokens []uint64
	b := &book{answer: func(userID string, token uint64) {
		tokens = append(tokens, token)
		switch userID {
		case "bob":
			l.LookupFailed(token)
		case "carol":
			l.Located(tokens[0], place)
		}
	}}
	_, err := l.Locate(t.Context(), b, []string{"alice", "bob", "carol"})
	if !errors.Is(err, directory.ErrUnsettled) || b.cancelled != 1 {
		t.Errorf("%v, %d cancelled", err, b.cancelled)
	}
	l.NotFound(tokens[2]) // late: it is for none
}

func TestTheEndOfTheContextGivesLookupsUp(t *testing.T) {
	l := locate.New(&asker{})
	ctx, cancel := context.WithCancel(t.Context())
	b := &book{answer: func(string, uint64) { cancel() }}
	if _, err := l.Locate(ctx, b, []string{"alice", "bob"}); !errors.Is(err, context.Canceled) || b.cancelled != 2 {
		t.Errorf("%v, %d cancelled", err, b.cancelled)
	}
}

func TestOtherAnswersGoToTheNextAsker(t *testing.T) {
	next := &asker{}
	l := locate.New(next)
	l.Located(1, place)
	l.NotFound(2)
	l.LookupFailed(3)
	if !slices.Equal(next.got, []uint64{1, 2, 3}) {
		t.Errorf("got %v", next.got)
	}
}
