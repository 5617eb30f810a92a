package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

// patience is how long a command of a script waits for what is to come.
const patience = 15 * time.Second

// stage is where a script is played: nodes, proxies, and the adapter with its clients.
type stage struct {
	transport string
	adapter   *process
	nodes     map[string]*parley.Server
	order     []*parley.Server
	stopped   map[string]bool // nodes
	proxies   map[string]*proxy
	clients   []string       // that a script has connected
	started   map[string]int // replies of commands that were not waited for, by their names in the script
}

// play runs a script with an adapter of its own. The error is what differs from the script, or what
// kept it from being played.
func play(ctx context.Context, command []string, s script, transport string) (err error) {
	p, err := startAdapter(ctx, command)
	if err != nil {
		return err
	}
	st := &stage{
		transport: transport, adapter: p,
		nodes: make(map[string]*parley.Server), stopped: make(map[string]bool),
		proxies: make(map[string]*proxy), started: make(map[string]int),
	}
	defer func() {
		err = errors.Join(err, st.adapter.stop(), st.tearDown(context.WithoutCancel(ctx)))
	}()
	for _, b := range s.blocks {
		var got []string
		for _, line := range b.commands {
			out, err := st.run(ctx, line)
			if err != nil {
				return fmt.Errorf("%s.txt:%d: %s: %w", s.name, b.line, line, err)
			}
			if out != "" {
				got = append(got, out)
			}
		}
		if want := strings.Join(b.want, "\n"); want != strings.Join(got, "\n") {
			return fmt.Errorf("%s.txt:%d: %s\n--- got\n%s\n--- want\n%s",
				s.name, b.line, strings.Join(b.commands, "; "), strings.Join(got, "\n"), want)
		}
	}
	for _, name := range st.clients {
		if err := st.leftOver(ctx, name); err != nil {
			return fmt.Errorf("%s.txt: %w", s.name, err)
		}
	}

	return nil
}

// leftOver is an error if a client has heard what no command of the script took. It has the node
// push something to the client, which comes behind all else.
func (st *stage) leftOver(ctx context.Context, client string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const end = "end of the script"
	id, err := st.adapter.send(adapter.Command{Do: adapter.DoRequest, Client: client, Ver: appVer, Cmd: cmdPush, Data: []byte(end)})
	if err != nil {
		return err
	}
	if r, err := st.adapter.reply(ctx, id); err != nil || r.Error != nil {
		return err // the client is closed: it hears nothing any more
	}
	e, err := st.adapter.next(ctx, client, false)
	if err != nil || e.Event == adapter.EventPush && string(e.Data) == end {
		return err
	}
	words, err := describeEvent(e)
	if err != nil {
		return err
	}

	return fmt.Errorf("%s has heard what the script does not know of: %s", client, words)
}

func (st *stage) tearDown(ctx context.Context) (err error) {
	for _, p := range st.proxies {
		p.close()
	}
	for name, s := range st.nodes {
		if !st.stopped[name] {
			err = errors.Join(err, stopNode(ctx, s))
		}
	}

	return err
}

func stopNode(ctx context.Context, s *parley.Server) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()

	return s.Stop(ctx)
}

// run runs one command, and returns what it prints.
func (st *stage) run(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	line, later, _ := strings.Cut(line, " & ")
	name, rest, _ := strings.Cut(line, " ")
	if parse, ok := requests[name]; ok {
		cmd, err := parse(rest)
		if err != nil {
			return "", err
		}

		return st.request(ctx, cmd, later)
	}
	do, ok := commands[name]
	if !ok {
		return "", fmt.Errorf("unknown command %s", name)
	}

	return do(st, ctx, strings.Fields(rest))
}

// request gives a command to the adapter. With a name for later, its reply is not waited for.
func (st *stage) request(ctx context.Context, cmd adapter.Command, later string) (string, error) {
	if cmd.Do == adapter.DoConnect {
		if err := st.connect(&cmd); err != nil {
			return "", err
		}
	}
	id, err := st.adapter.send(cmd)
	if err != nil {
		return "", err
	}
	if cmd.Do == adapter.DoConnect && !slices.Contains(st.clients, cmd.Client) {
		st.clients = append(st.clients, cmd.Client)
	}
	if later != "" {
		st.started[later] = id

		return "", nil
	}

	return st.reply(ctx, id)
}

// reply waits for a reply, and puts it in words.
func (st *stage) reply(ctx context.Context, id int) (string, error) {
	r, err := st.adapter.reply(ctx, id)
	if err != nil {
		return "", err
	}

	return describeReply(r)
}

// connect completes the URLs of a connect, which the script names.
func (st *stage) connect(cmd *adapter.Command) error {
	for i, name := range cmd.URLs {
		addr, err := st.addr(name)
		if err != nil {
			return err
		}
		cmd.URLs[i] = "tcp://" + addr
		if st.transport == adapter.TransportWS {
			cmd.URLs[i] = "ws://" + addr + "/ws"
		}
	}

	return nil
}

// addr is where clients reach a node, or a proxy.
func (st *stage) addr(name string) (string, error) {
	if p, ok := st.proxies[name]; ok {
		return p.addr(), nil
	}
	s, ok := st.nodes[name]
	switch {
	case !ok:
		return "", fmt.Errorf("there is no node or proxy %s", name)
	case st.transport == adapter.TransportWS:
		return s.HTTPAddr(), nil
	}

	return s.TCPAddr(), nil
}
