package chaos

import (
	"crypto/tls"
	"io"
	"testing"
)

func TestImpostorsNoteWhatTheyAreTold(t *testing.T) {
	i, err := newImpostors(&loopback{}, "needle")
	if err != nil {
		t.Fatal(err)
	}
	n := &loopback{}
	mirror, err := n.dial(t.Context(), clients, "tcp", i.addrs()[1])
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(mirror, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	if _, err := c.Write([]byte("a needle")); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len("a needle"))
	if _, err := io.ReadFull(c, back); err != nil || string(back) != "a needle" {
		t.Errorf("%q, %v", back, err)
	}
	silent, err := n.dial(t.Context(), clients, "tcp", i.addrs()[2])
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	i.close() // ends the silent one, too
	if _, err := silent.Read(back); err == nil {
		t.Error("a silent impostor spoke")
	}
	_ = silent.Close()
	if len(i.leaks()) != 1 {
		t.Errorf("%q", i.leaks())
	}
}
