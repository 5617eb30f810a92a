package demo

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestTheTourGivesWayToTheUserOfThePage(t *testing.T) {
	testkit.Home(t)
	out := &testkit.Output{}
	o := options(t, out)
	o.Fast = false
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	out.Wait(t, "All three are ready") // and the reader has time for step 2
	_, rest, _ := strings.Cut(out.String(), "The demo page is at ")
	url, _, _ := strings.Cut(rest, "\n")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"api/nodes/n2/kill", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Errorf("%s", resp.Status)
	}
	http.DefaultClient.CloseIdleConnections()
	out.Wait(t, "The tour ends here: a node was killed or restarted on the page.")
	cancel() // as ctrl+c
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
