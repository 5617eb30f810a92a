package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/notice"
)

// nodeSettings are what a node's process is told on its standard input, in one line of JSON. They
// are no arguments, which other users of the machine could read.
type nodeSettings struct {
	Name    string   `json:"name"`
	TCP     string   `json:"tcp"`
	HTTP    string   `json:"http"`
	Cluster string   `json:"cluster"`
	Join    []string `json:"join,omitempty"`
	Secret  string   `json:"secret"`
}

// place is where a node that is ready can be reached: the first line on its process's standard
// output. A demopage.Report in each line follows.
type place struct {
	ID      string `json:"id"`
	TCP     string `json:"tcp"`  // host and port
	HTTP    string `json:"http"` // likewise, of the WebSocket
	Cluster string `json:"cluster"`
}

// drainTime bounds the stop of a node.
const drainTime = 5 * time.Second

// ServeNode runs one node of the demo, as the process that [Run] starts for it: until ctx ends or
// nothing holds the standard input open any more.
func ServeNode(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	settings := json.NewDecoder(in)
	var s nodeSettings
	if err := settings.Decode(&s); err != nil {
		return fmt.Errorf("the settings of the node on the standard input: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, settings.Buffered())
		_, _ = io.Copy(io.Discard, in)
		cancel() // the demo is gone
	}()

	return s.serve(ctx, json.NewEncoder(out))
}

func (s *nodeSettings) serve(ctx context.Context, out *json.Encoder) error {
	reporter := demopage.NewReporter()
	node, err := parley.New(parley.Config{ //nolint:contextcheck // it only reads files
		Node: s.Name, TCP: s.TCP, HTTP: s.HTTP, Cluster: s.Cluster, Join: s.Join, ClusterSecret: s.Secret, LogLevel: "error",
		UserLogins: -1, RateMessages: -1, // the page does what it likes
		TracerProvider: demopage.NewRecorder(reporter.Add), TraceRatio: 1,
	})
	if err != nil {
		return err
	}
	node.DM().ExposeCommands()
	notice.Attach(node.DM())
	demopage.Attach(node.DM())
	node.HandleCommand(demopage.RulesVer, demopage.RulesCmd, demopage.HandleRules)
	reporter.Watch(node.Users())
	if err := node.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it had begun
		}

		return err
	}
	if err := out.Encode(place{ID: node.NodeID(), TCP: node.TCPAddr(), HTTP: node.HTTPAddr(), Cluster: node.ClusterAddr()}); err != nil {
		return errors.Join(err, stop(node)) //nolint:contextcheck // it has a time of its own
	}
	reporting, cancel := context.WithCancel(ctx)
	var reports sync.WaitGroup
	reports.Go(func() {
		members := func() []string { return append(node.Nodes(), node.NodeID()) }
		reporter.Run(reporting, members, func(r *demopage.Report) {
			if out.Encode(r) != nil {
				cancel() // nothing reads reports
			}
		})
	})
	defer reports.Wait()
	defer cancel()
	select {
	case <-ctx.Done():
		return stop(node) //nolint:contextcheck // ctx has ended
	case <-node.Done():
		return node.Err()
	}
}

// stop stops a node, whatever the context that told it to.
func stop(node *parley.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()

	return node.Stop(ctx)
}
