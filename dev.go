package parley

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-dm/parley/internal/demopage"
)

// devPage is the demo page of this one node.
type devPage struct {
	s        *Server
	feed     *demopage.Feed
	reporter *demopage.Reporter
	stop     context.CancelFunc // ends the reports; nil until they begin

	users demopage.Users // of the latest report
	view  []string       // likewise
}

var _ demopage.Cluster = (*devPage)(nil)

var errOnlyDemo = errors.New("this page is of one node, which cannot kill itself or cut connections: parley demo can")

// attachDev prepares the demo page, if the setting dev asks for it.
func (s *Server) attachDev() {
	if !s.cfg.Dev {
		return
	}
	s.dev = &devPage{s: s, feed: demopage.NewFeed(), reporter: demopage.NewReporter()}
	s.dev.reporter.Watch(s.users)
	demopage.Attach(s.dm)
	s.HandleCommand(demopage.RulesVer, demopage.RulesCmd, demopage.HandleRules)
}

// startDev begins to report to the page.
func (s *Server) startDev() error {
	switch {
	case s.dev == nil:
		return nil
	case s.keys == nil || s.hook != nil:
		return fmt.Errorf("%s logs users in with the development key: it does not go with a function that authenticates", s.cfg.Where("dev"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.dev.stop = cancel
	s.serving.Go(func() {
		s.dev.reporter.Run(ctx, func() []string { return append(s.Nodes(), s.NodeID()) }, s.dev.report)
	})

	return nil
}

// stopDev ends what startDev has begun, and the streams of open pages.
func (s *Server) stopDev() {
	if s.dev != nil && s.dev.stop != nil {
		s.dev.stop()
		s.dev.feed.Close()
	}
}

// report gives the page what the reporter has seen.
func (p *devPage) report(r *demopage.Report) {
	p.feed.Add(r.Messages, r.Left)
	if r.Users != nil {
		p.users = *r.Users
	}
	if r.View != nil {
		p.view = r.View
	}
	users := slices.Clone(p.users.List)
	for i := range users {
		users[i].Addr = ""
	}
	self := p.s.cfg.Node
	state := demopage.State{
		Mode:  demopage.ModeNode,
		Nodes: []demopage.Node{{Name: self, State: demopage.Up, WebSocket: "/ws", Users: users, More: p.users.More}},
		Links: [][2]string{},
		Join:  demopage.Join{URL: p.url() + "?join", Local: true},
	}
	for _, name := range p.view {
		if name != self {
			state.Nodes = append(state.Nodes, demopage.Node{Name: name, State: demopage.Up, Users: []demopage.User{}, Visitor: true})
			state.Links = append(state.Links, [2]string{self, name})
		}
	}
	p.feed.SetState(&state)
}

// url is where the page is.
func (p *devPage) url() string {
	scheme := "http://"
	if p.s.cfg.TLSCert != "" {
		scheme = "https://"
	}

	return scheme + strings.Replace(p.s.HTTPAddr(), "[::1]", "localhost", 1) + "/"
}

// PageURL is where the demo page is shown, once the node has started; "" without [Config.Dev].
func (s *Server) PageURL() string {
	if s.dev == nil {
		return ""
	}

	return s.dev.url()
}

// Token implements demopage.Cluster.
func (p *devPage) Token(user string) (string, error) { return p.s.Token(user) }

// Kill implements demopage.Cluster.
func (p *devPage) Kill(string) error { return errOnlyDemo }

// Restart implements demopage.Cluster.
func (p *devPage) Restart(context.Context, string) error { return errOnlyDemo }

// Cut implements demopage.Cluster.
func (p *devPage) Cut(string) error { return errOnlyDemo }

// Stall implements demopage.Cluster.
func (p *devPage) Stall(string, bool) error { return errOnlyDemo }
