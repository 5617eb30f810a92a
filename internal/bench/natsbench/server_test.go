package natsbench

import (
	"context"
	"net"
	"strings"
	"testing"
)

func TestAServerSaysWhereItIsAndServesUntilItIsToldToStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	said := make(chan [2]string, 3)
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, "n1", "127.0.0.1:0", "", func(name, value string) { said <- [2]string{name, value} })
	}()
	for _, want := range []string{"clients", "cluster", "ready"} {
		select {
		case got := <-said:
			if got[0] != want {
				t.Fatalf("it says %q, want %q", got, want)
			}
			if want != "clients" {
				continue
			}
			conn, err := net.Dial("tcp", got[1])
			if err != nil {
				t.Fatal(err)
			}
			begin := make([]byte, 5)
			if _, err := conn.Read(begin); err != nil || !strings.HasPrefix(string(begin), "INFO ") {
				t.Errorf("it greets with %q, %v", begin, err)
			}
			conn.Close()
		case err := <-done:
			t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
