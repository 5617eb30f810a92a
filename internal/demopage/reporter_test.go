package demopage

import (
	"context"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/user"
)

func TestAReporterReportsWhatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReporter()
		r.Watch(user.NewRegistry())
		var members atomic.Value
		members.Store([]string{"n2#2", "n1#1"})
		reports := make(chan Report, 10)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx, func() []string { return members.Load().([]string) }, func(report *Report) { reports <- *report })
		want := func(what string, want Report) {
			t.Helper()
			if got := <-reports; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, want %+v", what, got, want)
			}
		}
		want("at first", Report{Users: &Users{List: []User{}}, View: []string{"n1", "n2"}})
		began := time.Now()
		for range maxMessages + 2 {
			r.Add(Message{From: "ada"})
		}
		if got := <-reports; len(got.Messages) != maxMessages || got.Left != 2 || got.Users != nil || got.View != nil {
			t.Errorf("%d messages, %d left, %v, %v", len(got.Messages), got.Left, got.Users, got.View)
		}
		if took := time.Since(began); took > gatherTime {
			t.Errorf("messages are reported after %s", took)
		}
		synctest.Wait()
		members.Store([]string{"n1#1"})
		want("a member is gone", Report{View: []string{"n1"}})
		time.Sleep(time.Minute)
		if len(reports) > 0 {
			t.Errorf("without news it reports %+v", <-reports)
		}
	})
}
