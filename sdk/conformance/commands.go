package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

// commands are the commands of scripts that the suite runs by itself. The README lists them. Each
// returns what it prints.
var commands map[string]func(st *stage, ctx context.Context, words []string) (string, error)

func init() { //nolint:gochecknoinits // the commands refer to the table
	commands = map[string]func(*stage, context.Context, []string) (string, error){
		"nodes": (*stage).startNodes, "stop": (*stage).stopNode, "proxy": (*stage).startProxy,
		"hears": (*stage).hears, "state": (*stage).state, "result": (*stage).result,
		"burst": (*stage).burst, "hears-burst": (*stage).hearsBurst,
		"cut": onProxy((*proxy).cut), "refuse": onProxy(func(p *proxy) { p.change(func() { p.refusing = true }) }),
		"accept": onProxy(func(p *proxy) { p.change(func() { p.refusing = false }) }),
		"stall":  onProxy(func(p *proxy) { p.change(func() { p.stalled = true }) }),
		"flow":   onProxy(func(p *proxy) { p.change(func() { p.stalled = false }) }),
		"split":  onProxy(func(p *proxy) { p.change(func() { p.split = true }) }),
		"inject": (*stage).inject, "client-goodbye": (*stage).clientGoodbye,
		"logins": (*stage).logins, "requests": (*stage).requests, "pings": (*stage).pings, "pong": (*stage).pong, "came-back": (*stage).cameBack,
	}
}

// startNodes is: nodes N [heartbeat=MS].
func (st *stage) startNodes(ctx context.Context, words []string) (string, error) {
	var cfg parley.Config
	if len(words) == 2 {
		ms, err := strconv.Atoi(strings.TrimPrefix(words[1], "heartbeat="))
		if err != nil {
			return "", errWords("N [heartbeat=MS]")
		}
		cfg.Heartbeat = time.Duration(ms) * time.Millisecond
	}
	if len(words) == 0 {
		return "", errWords("N [heartbeat=MS]")
	}
	n, err := strconv.Atoi(words[0])
	if err != nil {
		return "", errWords("N [heartbeat=MS]")
	}
	for range n {
		number := len(st.order) + 1
		s, err := startNode(ctx, number, st.order, cfg)
		if err != nil {
			return "", err
		}
		st.order = append(st.order, s)
		st.nodes[fmt.Sprintf("n%d", number)] = s
	}

	return "", nil
}

// stopNode is: stop NODE.
func (st *stage) stopNode(ctx context.Context, words []string) (string, error) {
	if len(words) != 1 || st.nodes[words[0]] == nil {
		return "", errWords("NODE")
	}
	st.stopped[words[0]] = true

	return "", stopNode(ctx, st.nodes[words[0]])
}

// startProxy is: proxy NAME NODE.
func (st *stage) startProxy(ctx context.Context, words []string) (string, error) {
	if len(words) != 2 {
		return "", errWords("NAME NODE")
	}
	target, err := st.addr(words[1])
	if err != nil {
		return "", err
	}
	var f framing = streamFraming{}
	if st.transport == adapter.TransportWS {
		f = messageFraming{}
	}
	st.proxies[words[0]], err = newProxy(ctx, target, f)

	return "", err
}

// hears is: hears CLIENT.
func (st *stage) hears(ctx context.Context, words []string) (string, error) {
	return st.event(ctx, words, false)
}

// state is: state CLIENT.
func (st *stage) state(ctx context.Context, words []string) (string, error) {
	return st.event(ctx, words, true)
}

func (st *stage) event(ctx context.Context, words []string, states bool) (string, error) {
	if len(words) != 1 {
		return "", errWords("CLIENT")
	}
	e, err := st.adapter.next(ctx, words[0], states)
	if err != nil {
		return "", err
	}

	return describeEvent(e)
}

// result is: result NAME.
func (st *stage) result(ctx context.Context, words []string) (string, error) {
	if len(words) != 1 {
		return "", errWords("NAME")
	}
	id, ok := st.started[words[0]]
	if !ok {
		return "", fmt.Errorf("no command was started as %s", words[0])
	}

	return st.reply(ctx, id)
}

// burst is: burst CLIENT PEER N. It sends N numbered messages, one after another.
func (st *stage) burst(ctx context.Context, words []string) (string, error) {
	if len(words) != 3 {
		return "", errWords("CLIENT PEER N")
	}
	n, err := strconv.Atoi(words[2])
	if err != nil {
		return "", err
	}
	for i := range n {
		id, err := st.adapter.send(adapter.Command{Do: adapter.DoSend, Client: words[0], To: words[1], Data: fmt.Append(nil, i)})
		if err != nil {
			return "", err
		}
		if out, err := st.reply(ctx, id); err != nil || out != "delivered" {
			return fmt.Sprintf("message %d: %s", i, out), err
		}
	}

	return fmt.Sprintf("%d delivered", n), nil
}

// hearsBurst is: hears-burst CLIENT N.
func (st *stage) hearsBurst(ctx context.Context, words []string) (string, error) {
	if len(words) != 2 {
		return "", errWords("CLIENT N")
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return "", err
	}
	for i := range n {
		e, err := st.adapter.next(ctx, words[0], false)
		if err != nil {
			return "", fmt.Errorf("message %d: %w", i, err)
		}
		if got := string(e.Data); got != strconv.Itoa(i) || e.Event != adapter.EventMessage {
			return fmt.Sprintf("%s in the place of %d", got, i), nil
		}
	}

	return fmt.Sprintf("%d in order", n), nil
}
