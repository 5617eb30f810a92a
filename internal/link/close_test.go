package link

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func TestAGoodbyeEndsBothSidesBehindAllPackets(t *testing.T) {
	bubble(t, 5*time.Millisecond, func(w *world) {
		errLeaving := errors.New("leaving")
		var got inOrder
		a, b := w.pair()
		b.on = got.take
		for i := range 1000 {
			if err := a.To(b.id).Send(1, sequence(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		a.Unwant(b.id)
		b.Unwant(a.id)
		l := a.To(b.id)
		a.EndAll(errLeaving)
		if a.To(b.id) != nil || !errors.Is(a.downs[0].reason, errLeaving) || !errors.Is(l.Send(1, nil), ErrEnded) || !errors.Is(l.Send(1, nil), node.ErrNoNode) {
			t.Error("not ended")
		}
		took := w.within(time.Second, "the end", func() bool { return b.has("down a 1: goodbye") })
		if n, bad := got.state(); n != 1000 || bad != "" || took > 20*time.Millisecond {
			t.Error(n, bad, took)
		}
		a.Want(b.id, b.Addr())
		w.within(time.Second, "a new link", func() bool { return b.has("up a 2") && a.has("up b 2") })
	})
}

func TestCloseSaysGoodbyeAndLeavesNothing(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		a, b := w.pair()
		_ = a.To(b.id).Send(1, []byte("last"))
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
		w.within(time.Second, "the end", func() bool { return b.has("down a 1: goodbye") })
		if !b.has("packet 1 last") {
			t.Error(b.list())
		}
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
		a.Want(b.id, b.Addr()) // of no use
		if _, err := a.Introduce(context.Background(), b.Addr()); err == nil {
			t.Error("introduced by a closed endpoint")
		}
	})
	bubble(t, time.Millisecond, func(w *world) { // the other side hears nothing
		a, b := w.pair()
		w.net.Cut("a", "b")
		_ = a.To(b.id).Send(1, []byte("last"))
		began := w.net.Clock()
		if err := a.Close(context.Background()); err != nil || w.net.Clock()-began > 1100*time.Millisecond {
			t.Error(err, w.net.Clock()-began)
		}
		w.net.Heal("a", "b")
	})
	bubble(t, time.Millisecond, func(w *world) { // in less time
		a, b := w.pair()
		w.net.Cut("a", "b")
		_ = a.To(b.id).Send(1, []byte("last"))
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		began := w.net.Clock()
		if err := a.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || w.net.Clock()-began > 110*time.Millisecond {
			t.Error(err, w.net.Clock()-began)
		}
		w.net.Heal("a", "b")
		_ = b
	})
}

func TestASideThatHasEndedALinkRefusesItAndTheOtherEndsItAtOnce(t *testing.T) {
	for _, lower := range []bool{true, false} {
		bubble(t, time.Millisecond, func(w *world) {
			a, b := w.pair()
			first, second := a, b
			if !lower {
				first, second = b, a
			}
			first.Unwant(second.id)
			l := first.To(second.id)
			_ = l.Send(1, []byte("before"))
			first.Endpoint.end(l, ErrSilent, false, nil)
			took := w.within(time.Second, "the end", func() bool {
				return second.has(fmt.Sprintf("down %s 1: refused", first.id.Name))
			})
			if took > 20*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			w.within(time.Second, "a new link", func() bool {
				la, lb := a.To(b.id), b.To(a.id)

				return la != nil && lb != nil && la.Number() == 2 && lb.Number() == 2
			})
		})
	}
}
