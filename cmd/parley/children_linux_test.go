package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// waitForChildren waits until a process has two children, and looks at the end of the test whether
// they are gone.
func waitForChildren(t *testing.T, pid int) {
	t.Helper()
	children := func() []string {
		var all []string
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, task := range tasks {
			list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
			all = append(all, strings.Fields(string(list))...)
		}

		return all
	}
	var two []string
	for end := time.Now().Add(patience); len(two) < 2; two = children() {
		if time.Now().After(end) {
			t.Fatalf("children %v", two)
		}
		time.Sleep(time.Millisecond)
	}
	t.Cleanup(func() {
		for _, child := range two {
			if _, err := os.Stat("/proc/" + child); err == nil {
				t.Errorf("process %s is left", child)
			}
		}
	})
}
