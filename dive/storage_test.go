package dive_test

import (
	"context"
	"testing"
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

// start runs a module as a single node.
func start(t *testing.T, m *dive.Module) {
	t.Helper()
	if err := storages.Of(m).Start(natsnode.Config{Node: "n1"}, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(m) })
}

func stop(m *dive.Module) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	storages.Of(m).Stop(ctx)
}

// single is a storage of a running single node.
func single(t *testing.T, o *dive.Options) *dive.Storage {
	t.Helper()
	m := dive.NewModule()
	s, err := m.New("Test", o)
	if err != nil {
		t.Fatal(err)
	}
	start(t, m)

	return s
}

func TestSmoke(t *testing.T) {
	s := single(t, nil)
	if err := s.Set("a.b *>", []string{"x", "y"}); err != nil {
		t.Fatal(err)
	}
	v, err := s.Get("a.b *>").ToStringArray()
	t.Log(v, err)
	for i := range 5 {
		n, err := s.IncrBy("n", int32(i)).ToInt()
		t.Log(n, err)
	}
	t.Log(s.Get("a.b *>").ToInt())
	t.Log(s.Get("zz").ToInt())
	if err := s.RPush("q", 1, "b", []byte("c")); err != nil {
		t.Fatal(err)
	}
	t.Log(s.LRange("q", 0, -1))
	t.Log(s.LPop("q", 2))
	t.Log(s.LPop("q", 2))
	t.Log(s.LPop("q", 2))
	t.Log(s.SetIfNotExists("q", 1), s.SetIfNotExists("q", 1))
	t.Log(s.Keys(t.Context(), ""))
	t.Log(s.Del("q").ToInt())
	t.Log(s.Keys(t.Context(), ""))
}
