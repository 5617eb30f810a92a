package dm_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// notes is a list that callbacks write to.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) addf(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, fmt.Sprintf(format, args...))
}

// clears notes the ends that come without a message.
func (n *notes) clears(m *dm.Module) {
	m.SetOnClearCache(func(gone string, stayer *user.User) { n.addf("%s left %s", gone, stayer.ID) })
}

// sort sorts the notes, for those that come in no order.
func (n *notes) sort() {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.Sort(n.list)
}

// are wants these notes since the last time, once everything has settled.
func (n *notes) are(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	time.Sleep(100 * time.Millisecond) // virtual
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.list, want) {
		t.Errorf("notes are %q, want %q", n.list, want)
	}
	n.list = nil
}
