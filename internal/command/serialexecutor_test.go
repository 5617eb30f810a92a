package command_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/parley-dm/parley/internal/command"
)

// noted is a task that writes its name.
type noted struct {
	mu   *sync.Mutex
	list *[]int
	n    int
	wait chan struct{}
}

func (n noted) Run() {
	if n.wait != nil {
		<-n.wait
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	*n.list = append(*n.list, n.n)
}

func TestAnExecutorRunsTasksInOrderUpToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var executor command.SerialExecutor
		var mu sync.Mutex
		var list []int
		wait := make(chan struct{})
		if !executor.Idle() {
			t.Error("a new executor is not idle")
		}
		executor.Do(noted{&mu, &list, 0, wait}, 0)
		synctest.Wait()
		for i := 1; i <= 100; i++ {
			if ok := executor.Do(noted{&mu, &list, i, nil}, 90); ok != (i <= 90) {
				t.Errorf("task %d: %t", i, ok)
			}
		}
		if executor.Waiting() != 90 || executor.Idle() {
			t.Errorf("waiting %d, idle %t", executor.Waiting(), executor.Idle())
		}
		close(wait)
		synctest.Wait()
		if len(list) != 91 || list[0] != 0 || list[90] != 90 || !executor.Idle() || executor.Waiting() != 0 {
			t.Errorf("%v", list)
		}
		executor.Do(noted{&mu, &list, 91, nil}, 0)
		synctest.Wait()
		if list[len(list)-1] != 91 {
			t.Error("the executor did not run again")
		}
	})
}

func TestAnExecutorWithManyCallers(t *testing.T) {
	var executor command.SerialExecutor
	var mu sync.Mutex
	var list []int
	var wg, all sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				all.Add(1)
				executor.Do(counted{noted{&mu, &list, g*1000 + i, nil}, &all}, 0)
			}
		})
	}
	wg.Wait()
	all.Wait()
	last := map[int]int{}
	for _, n := range list {
		if n%1000 != last[n/1000] {
			t.Fatalf("giver %d: task %d, want %d", n/1000, n%1000, last[n/1000])
		}
		last[n/1000]++
	}
}

type counted struct {
	noted

	all *sync.WaitGroup
}

func (c counted) Run() {
	c.noted.Run()
	c.all.Done()
}
