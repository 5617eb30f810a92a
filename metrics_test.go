package parley_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-dm/parley"
)

var update = flag.Bool("update", false, "write the table of metrics into docs/metrics.md")

const (
	metricsPage  = "docs/metrics.md"
	metricsBegin = "<!-- metrics: made from internal/metrics, `go test -run Metrics . -update` -->\n"
	metricsEnd   = "<!-- end of metrics -->\n"
)

// fetch reads a page of a node.
func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}

	return answer.StatusCode, string(text)
}

// scrape reads the metrics of a node: each series with its value.
func scrape(t *testing.T, s *parley.Server) (values map[string]string, kinds map[string]string) {
	t.Helper()
	status, page := fetch(t, "http://"+s.HTTPAddr()+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, page)
	}
	values, kinds = map[string]string{}, map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(page)); lines.Scan(); {
		line := lines.Text()
		if kind, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(kind, " ")
			kinds[name] = kind
		} else if at := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") && at > 0 {
			values[line[:at]] = line[at+1:]
		}
	}

	return values, kinds
}

func TestMetricsAreThoseOfTheirDocument(t *testing.T) {
	rows := parley.MetricRows()
	var b strings.Builder
	b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Name, r.Kind, strings.Join(r.Labels, ", "), r.Help)
	}
	data, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(data), metricsBegin)
	_, tail, closed := strings.Cut(rest, metricsEnd)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", metricsPage)
	}
	want := head + metricsBegin + b.String() + metricsEnd + tail
	switch {
	case want == string(data):
	case !*update:
		t.Errorf("%s is not up to date: run go test -run Metrics . -update", metricsPage)
	default:
		if err := os.WriteFile(metricsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMetricsOfANodeAreThoseOfTheTable(t *testing.T) {
	c := way{}.newCluster(t, 2, nil)
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, true)
	alice.tell("bob", "hi")
	bob.hears("alice: hi")
	_, kinds := scrape(t, c.nodes[0])
	name := regexp.MustCompile(`^parley_[a-z]+(_[a-z]+)*$`)
	for _, r := range parley.MetricRows() {
		if kinds[r.Name] != string(r.Kind) && !mayBeEmpty[r.Name] {
			t.Errorf("%s is a %s in the table and %q on the page", r.Name, r.Kind, kinds[r.Name])
		}
		if r.Kind == "counter" != strings.HasSuffix(r.Name, "_total") || !name.MatchString(r.Name) {
			t.Errorf("%s, a %s, does not follow the conventions for names", r.Name, r.Kind)
		}
		delete(kinds, r.Name)
	}
	for left := range kinds {
		if strings.HasPrefix(left, "parley_") {
			t.Errorf("%s is on the page and not in the table", left)
		}
	}
	for _, runtime := range []string{"go_goroutines", "go_memstats_heap_alloc_bytes", "process_cpu_seconds_total"} {
		if kinds[runtime] == "" {
			t.Errorf("%s is missing", runtime)
		}
	}
}

// mayBeEmpty lists metrics whose labels are there only once something has happened.
var mayBeEmpty = map[string]bool{
	"parley_links_ended_total": true, "parley_link_handshakes_refused_total": true,
	"parley_storage_operations_total": true, "parley_storage_operation_seconds": true, "parley_storage_conflicts_total": true,
	"parley_storage_retries_total": true, "parley_storage_bytes": true, "parley_storage_limit_bytes": true,
	"parley_storage_connected": true, "parley_storage_reconnects_total": true, "parley_storage_memory_bytes": true, // there is no storage
}

func TestMetricsCountWhatHasHappened(t *testing.T) {
	c := way{}.newCluster(t, 2, nil)
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, true)
	alice.tell("bob", "one")
	alice.tell("bob", "two")
	alice.tell("alice", "three")
	bob.hears("alice: one")
	bob.hears("alice: two")
	if err := alice.try("zed", "four"); err == nil {
		t.Fatal("zed is not connected")
	}
	values, _ := scrape(t, c.nodes[0])
	for series, want := range map[string]string{
		`parley_node_info{node="n1"}`:                        "1",
		`parley_ready`:                                       "1",
		`parley_members`:                                     "2",
		`parley_links`:                                       "1",
		`parley_users{transport="tcp"}`:                      "1",
		`parley_users{transport="ws"}`:                       "0",
		`parley_logins_total{transport="tcp"}`:               "1",
		`parley_login_seconds_count`:                         "1",
		`parley_messages_total{outcome="delivered"}`:         "3",
		`parley_messages_total{outcome="user_not_found"}`:    "1",
		`parley_messages_carried_total{way="local"}`:         "1",
		`parley_messages_carried_total{way="link"}`:          "2",
		`parley_messages_carried_total{way="lookup"}`:        "3",
		`parley_lookup_seconds_count`:                        "2",
		`parley_directory_settled`:                           "1",
		`parley_goodbyes_total{code="2002"}`:                 "0",
		`parley_logins_refused_total{reason="token_forged"}`: "0",
		`parley_sessions_ended_total{cause="replaced"}`:      "0",
		`parley_claims_total{result="confirmed"}`:            "1",
		`parley_messages_received_total`:                     "1",
	} {
		if got := values[series]; got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
	values, _ = scrape(t, c.nodes[1])
	if got := values[`parley_users{transport="ws"}`]; got != "1" {
		t.Errorf("node 2 has %s users by WebSocket", got)
	}
	c.login("alice", 1, false) // replaces
	<-alice.Done()
	values, _ = scrape(t, c.nodes[0])
	for series, want := range map[string]string{
		`parley_users{transport="tcp"}`:                 "0",
		`parley_goodbyes_total{code="2002"}`:            "1",
		`parley_sessions_ended_total{cause="replaced"}`: "1",
	} {
		if got := values[series]; got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
}

func TestMetricsShowStorages(t *testing.T) {
	s := startNode(t, parley.Config{Node: "n1", AuthKey: testKey, Dive: []byte(`{"storages":{"Online":{"maxBytes":65536}}}`)})
	online := s.Dive().GetStorageByName("Online")
	if err := online.Set("alice", "n1"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"alice", "zed", "zed"} {
		_ = online.Get(key)
	}
	values, kinds := scrape(t, s)
	for series, want := range map[string]string{
		`parley_storage_operations_total{operation="Set",outcome="ok",storage="Online"}`:        "1",
		`parley_storage_operations_total{operation="Get",outcome="ok",storage="Online"}`:        "1",
		`parley_storage_operations_total{operation="Get",outcome="not_found",storage="Online"}`: "2",
		`parley_storage_operation_seconds_count{operation="Get",storage="Online"}`:              "3",
		`parley_storage_conflicts_total{storage="Online"}`:                                      "0",
		`parley_storage_limit_bytes{storage="Online"}`:                                          "65536",
		`parley_storage_connected`:        "1",
		`parley_storage_reconnects_total`: "0",
	} {
		if values[series] != want {
			t.Errorf("%s is %q, want %s", series, values[series], want)
		}
	}
	for _, series := range []string{`parley_storage_bytes{storage="Online"}`, `parley_storage_memory_bytes`} {
		if n, err := strconv.Atoi(values[series]); err != nil || n <= 0 {
			t.Errorf("%s is %q", series, values[series])
		}
	}
	for _, r := range parley.MetricRows() {
		if strings.HasPrefix(r.Name, "parley_storage_") && kinds[r.Name] != string(r.Kind) {
			t.Errorf("%s is a %s in the table and %q on the page", r.Name, r.Kind, kinds[r.Name])
		}
	}
}
