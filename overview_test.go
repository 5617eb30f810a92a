package parley_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/overview"
)

// watchPictures gives each picture that a node streams to enough, until that returns true.
func watchPictures(t *testing.T, s *parley.Server, enough func(p *overview.Picture) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer := askWithKey(ctx, t, http.MethodGet, "http://"+s.AdminAddr()+"/v1/events", "")
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	var last string
	in := bufio.NewReader(answer.Body)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%v; the last picture: %s", err, last)
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		last = data
		var p overview.Picture
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			t.Fatal(err)
		}
		if enough(&p) {
			return
		}
	}
}

func TestAnyNodeDrawsThePictureOfAll(t *testing.T) {
	c := operated().newCluster(t, 3, nil)
	alice, bob := c.login("alice", 0, false), c.login("bob", 2, true)
	c.login("carol", 0, false)
	for range 5 {
		alice.tell("bob", "hi")
		bob.hears("alice: hi")
	}
	alice.tell("carol", "hi")
	for i, s := range c.nodes {
		watchPictures(t, s, func(p *overview.Picture) bool {
			ways, users := p.Total[overview.Ways], make(map[string]int64)
			for _, n := range p.Nodes {
				users[n.ID] = n.Users["tcp"] + n.Users["ws"]
			}
			trips := 0
			for _, l := range p.Links {
				if l.RoundTrip > 0 {
					trips++
				}
			}

			return p.By == s.NodeID() && p.Answering == 3 && p.Users == 3 && users[c.nodes[0].NodeID()] == 2 && users[c.nodes[2].NodeID()] == 1 &&
				ways["link"] >= 5 && ways["local"] >= 1 && ways["lookup"] >= 1 && p.Total[overview.Outcomes]["delivered"] == 6 &&
				trips == 6 && p.PerSecond != nil && len(p.Changes) == 3 && p.Nodes[i].State == overview.Ready
		})
	}
}

func TestANodeThatStopsStaysInThePicture(t *testing.T) {
	c := operated().newCluster(t, 3, nil)
	stopped := c.nodes[1].NodeID()
	stopping := false
	watchPictures(t, c.nodes[0], func(p *overview.Picture) bool {
		if !stopping {
			stopping = true
			go func() { _ = c.nodes[1].Stop(t.Context()) }()
		}
		for _, n := range p.Nodes {
			if n.ID == stopped && n.State == overview.Gone {
				return p.Members == 2 && p.Answering == 2 && n.Since != nil && n.Reason == "the node said goodbye" &&
					p.Changes[0].Kind == overview.Departed && p.Changes[0].Node == stopped && len(p.Changes[0].Seen) >= 2
			}
		}

		return false
	})
	<-c.nodes[1].Done()
}

func TestADashboardDoesNotHoldUpAStop(t *testing.T) {
	c := way{config: func(c *parley.Config) { c.AdminKey = testAdminKey }}.newCluster(t, 1, nil)
	answer := askWithKey(t.Context(), t, http.MethodGet, "http://"+c.nodes[0].HTTPAddr()+"/v1/events", "")
	defer answer.Body.Close()
	begun := time.Now()
	if err := c.nodes[0].Stop(t.Context()); err != nil || time.Since(begun) > patience {
		t.Errorf("%v, after %v", err, time.Since(begun))
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Errorf("the stream is not ended but broken: %v", err)
	}
}
