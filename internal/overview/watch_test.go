package overview_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/overview"
)

// asked is a cluster of one node that counts how often it was asked.
type asked struct{ atomic.Int64 }

func (a *asked) ask(context.Context, func(string) uint64) overview.Round {
	a.Add(1)

	return overview.Round{At: time.Now(), By: "n1#1", Answers: []overview.Answer{{ID: "n1#1", Node: &overview.Node{ID: "n1#1", Ready: true}}}}
}

func TestNothingRunsWithoutAWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a asked
		w := overview.NewWatch(a.ask)
		defer w.Stop()
		time.Sleep(time.Hour)
		for visit := range int64(3) {
			ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
			var pictures int
			err := w.Pictures(ctx, func(text []byte) error {
				pictures++
				var p overview.Picture

				return json.Unmarshal(text, &p)
			})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || pictures != 10 || a.Load() != 10*(visit+1) {
				t.Errorf("%v, %d pictures, asked %d times", err, pictures, a.Load())
			}
			time.Sleep(time.Hour)
		}
		if a.Load() != 30 {
			t.Errorf("asked %d times", a.Load())
		}
	})
}

func TestWatchersShareTheRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a asked
		w := overview.NewWatch(a.ask)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got [3]atomic.Int64
		ended := make(chan error, len(got))
		for i := range got {
			go func() {
				ended <- w.Pictures(ctx, func([]byte) error {
					got[i].Add(1)
					if i == 2 {
						time.Sleep(10 * time.Second) // it reads slowly
					}

					return nil
				})
			}()
		}
		time.Sleep(20*time.Second - time.Millisecond)
		synctest.Wait()
		if a.Load() != 20 || got[0].Load() != 20 || got[1].Load() != 20 || got[2].Load() != 2 {
			t.Errorf("asked %d times; %d, %d, %d pictures", a.Load(), got[0].Load(), got[1].Load(), got[2].Load())
		}
		w.Stop()
		for range got {
			if err := <-ended; !errors.Is(err, overview.ErrStopped) {
				t.Error(err)
			}
		}
		if err := w.Pictures(ctx, nil); !errors.Is(err, overview.ErrStopped) {
			t.Errorf("after Stop: %v", err)
		}
	})
}

func TestWatchersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a asked
		w := overview.NewWatch(a.ask)
		defer w.Stop()
		ctx, cancel := context.WithCancel(t.Context())
		none := func([]byte) error { return nil }
		const most = 64
		for range most {
			go func() { _ = w.Pictures(ctx, none) }()
		}
		synctest.Wait()
		if err := w.Pictures(ctx, none); !errors.Is(err, overview.ErrTooMany) {
			t.Error(err)
		}
		cancel()
		synctest.Wait()
		want := errors.New("it has gone")
		if err := w.Pictures(t.Context(), func([]byte) error { return want }); !errors.Is(err, want) {
			t.Error(err)
		}
	})
}
