package dive

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/mesh"
)

// counter is a Finder that counts.
type counter struct {
	found, missed atomic.Int64
	changed       chan struct{} // has room for one
}

func (c *counter) Found(mesh.NodeID, string, []byte) { c.found.Add(1); c.note() }
func (c *counter) Missed(uint64, Miss)               { c.missed.Add(1); c.note() }

func (c *counter) note() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func startNATS(t *testing.T, name string, join ...string) (*Directory, *mesh.NATS, *counter) {
	t.Helper()
	m, err := mesh.NewNATS(mesh.Options{Node: name, Cluster: "127.0.0.1:0", Secret: "a secret of this test", Join: join})
	if err != nil {
		t.Fatal(err)
	}
	d, c := NewDirectory(m), &counter{changed: make(chan struct{}, 1)}
	d.SetFinder(c)
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := m.Stop(ctx); err != nil {
			t.Error(err)
		}
	})

	return d, m, c
}

func TestOverNATSEveryLoginIsFoundFromAnotherNodeAtOnce(t *testing.T) {
	here, m, found := startNATS(t, "here")
	there, _, asked := startNATS(t, "there", m.ClusterAddr())
	const users, together = 10_000, 100
	began := time.Now()
	var wg sync.WaitGroup
	for worker := range together {
		wg.Go(func() {
			for i := worker; i < users; i += together {
				user := fmt.Sprint("user", i)
				if _, err := here.Claim(t.Context(), user, "s"); err != nil {
					t.Error(err)

					return
				}
				here.Activate(user, "s")
				if err := there.Find(user, []byte("hi"), uint64(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	deadline := time.After(20 * time.Second)
	for found.found.Load()+asked.missed.Load() < users {
		select {
		case <-found.changed:
		case <-asked.changed:
		case <-deadline:
			t.Fatalf("%d found, %d missed of %d", found.found.Load(), asked.missed.Load(), users)
		}
	}
	t.Logf("%d logins in %v", users, time.Since(began))
	if missed := asked.missed.Load(); missed != 0 {
		t.Errorf("%d of %d were not found", missed, users)
	}
}
