package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
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
	testkit.Eventually(t, "two children", func() bool { two = children(); return len(two) >= 2 })
	t.Cleanup(func() {
		for _, child := range two {
			if _, err := os.Stat("/proc/" + child); err == nil {
				t.Errorf("process %s is left", child)
			}
		}
	})
}
