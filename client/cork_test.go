package client

import (
	"net"
	"testing"
)

// wires notes what is written to a connection.
type wires struct {
	net.Conn

	writes []string
}

func (w *wires) Write(b []byte) (int, error) {
	w.writes = append(w.writes, string(b))

	return len(b), nil
}

func TestACorkedConnectionSendsAllAtOnce(t *testing.T) {
	w := &wires{}
	c := &cork{Conn: w}
	say := func(s string) {
		if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	say("before")
	for range 2 {
		c.hold()
		say("one ")
		say("two")
		if err := c.release(); err != nil {
			t.Error(err)
		}
	}
	c.hold()
	if err := c.release(); err != nil {
		t.Error(err)
	}
	say("after")
	want := []string{"before", "one two", "one two", "after"}
	if len(w.writes) != len(want) {
		t.Fatalf("writes are %q", w.writes)
	}
	for i := range want {
		if w.writes[i] != want[i] {
			t.Errorf("writes are %q", w.writes)
		}
	}
}
