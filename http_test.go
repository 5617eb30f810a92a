package parley_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley"
)

// A body that never comes must not keep a connection open.
func TestAnHTTPRequestHasItsTime(t *testing.T) {
	t.Parallel()
	s := startNode(t, parley.Config{AuthKey: newSecret})
	var all sync.WaitGroup
	defer all.Wait()
	for _, request := range []string{
		"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
	} {
		all.Go(func() {
			conn, err := net.Dial("tcp", s.HTTPAddr())
			if err != nil {
				t.Error(err)

				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(2 * patience))
			if _, err := io.WriteString(conn, request); err != nil {
				t.Error(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("%.20q is not ended: %v", request, err)
			}
		})
	}
}

func TestTheProfilesAreForThisMachinesOwnNames(t *testing.T) {
	s := startNode(t, parley.Config{AuthKey: newSecret, Pprof: "127.0.0.1:0"})
	for host, want := range map[string]int{s.PprofAddr(): http.StatusOK, "localhost": http.StatusOK, "evil.example": http.StatusForbidden} {
		conn, err := net.Dial("tcp", s.PprofAddr())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET /debug/pprof/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(line, fmt.Sprint(want)) {
			t.Errorf("%s: %q, %v; want %d", host, line, err, want)
		}
		_ = conn.Close()
	}
}

func TestTheDashboardIsWhereTheAPIIs(t *testing.T) {
	const page = "<title>Parley dashboard</title>"
	for _, c := range []struct {
		admin, key string
		http, at   string // what the page has on the HTTP listener, and on that for operators
	}{
		{"", testAdminKey, page, ""},
		{"", "", "the dashboard needs an admin key", ""},
		{"127.0.0.1:0", testAdminKey, "404 page not found", page},
		{"127.0.0.1:0", "", "404 page not found", "the dashboard needs an admin key"},
	} {
		s := startNode(t, parley.Config{AuthKey: newSecret, Admin: c.admin, AdminKey: c.key})
		for addr, want := range map[string]string{s.HTTPAddr(): c.http, s.AdminAddr(): c.at} {
			if addr == "" {
				continue
			}
			answer, err := http.Get("http://" + addr + "/dashboard")
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || !strings.Contains(string(text), want) || (want == page) != (answer.StatusCode == http.StatusOK) {
				t.Errorf("admin %q, key %q: %d %.100q, %v; want %q", c.admin, c.key, answer.StatusCode, text, err, want)
			}
			if want == page && !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("headers: %v", answer.Header)
			}
		}
		http.DefaultClient.CloseIdleConnections()
	}
}
