package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/sdk/conformance/adapter"
	"github.com/parley-dm/parley/wire"
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

func onProxy(do func(*proxy)) func(*stage, context.Context, []string) (string, error) {
	return func(st *stage, _ context.Context, words []string) (string, error) {
		p, err := st.proxy(words)
		if err == nil {
			do(p)
		}

		return "", err
	}
}

func (st *stage) proxy(words []string) (*proxy, error) {
	if len(words) == 0 || st.proxies[words[0]] == nil {
		return nil, errors.New("the first word is to be a proxy")
	}

	return st.proxies[words[0]], nil
}

// inject is: inject PROXY goodbye CODE [TEXT], inject PROXY body HEX, inject PROXY text WORDS.
func (st *stage) inject(_ context.Context, words []string) (string, error) {
	p, err := st.proxy(words)
	if err != nil {
		return "", err
	}
	const usage = "PROXY goodbye CODE [TEXT], PROXY body HEX, or PROXY text WORDS"
	if len(words) < 3 {
		return "", errWords(usage)
	}
	rest := strings.Join(words[3:], " ")
	switch words[1] {
	case "goodbye":
		code, err := strconv.ParseUint(words[2], 10, 16)
		if err != nil {
			return "", err
		}
		bye := wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(code), Payload: []byte(rest)}

		return "", p.inject(p.framing.frame(wire.AppendBody(nil, bye)), true)
	case "body":
		body, err := hex.DecodeString(words[2])
		if err != nil {
			return "", err
		}

		return "", p.inject(p.framing.frame(body), false)
	case "text":
		return "", p.inject(p.framing.text(words[2]), false)
	}

	return "", errWords(usage)
}

// clientGoodbye is: client-goodbye PROXY. It waits for a goodbye of a client.
func (st *stage) clientGoodbye(ctx context.Context, words []string) (string, error) {
	p, err := st.proxy(words)
	if err != nil {
		return "", err
	}
	var code wire.Goodbye
	err = p.await(ctx, func() bool {
		if len(p.goodbyes) == 0 {
			return false
		}
		code, p.goodbyes = p.goodbyes[0], p.goodbyes[1:]

		return true
	})

	return strconv.Itoa(int(code)), err
}

// pong is: pong PROXY. It waits for a pong of a client, and prints its id.
func (st *stage) pong(ctx context.Context, words []string) (string, error) {
	p, err := st.proxy(words)
	if err != nil {
		return "", err
	}
	var id uint32
	err = p.await(ctx, func() bool {
		if len(p.pongs) == 0 {
			return false
		}
		id, p.pongs = p.pongs[0], p.pongs[1:]

		return true
	})

	return strconv.FormatUint(uint64(id), 10), err
}

// logins is: logins PROXY N. It waits until N clients have had their welcome.
func (st *stage) logins(ctx context.Context, words []string) (string, error) {
	return st.count(ctx, words, func(p *proxy) int { return p.logins })
}

// requests is: requests PROXY N. It waits until clients have sent N requests, whatever became of
// them.
func (st *stage) requests(ctx context.Context, words []string) (string, error) {
	return st.count(ctx, words, func(p *proxy) int { return p.requests })
}

// pings is: pings PROXY N. It waits until clients have sent N pings.
func (st *stage) pings(ctx context.Context, words []string) (string, error) {
	return st.count(ctx, words, func(p *proxy) int { return p.pings })
}

func (st *stage) count(ctx context.Context, words []string, of func(*proxy) int) (string, error) {
	p, err := st.proxy(words)
	if err != nil {
		return "", err
	}
	if len(words) != 2 {
		return "", errWords("PROXY N")
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return "", err
	}

	return "", p.await(ctx, func() bool { return of(p) >= n })
}

// cameBack is: came-back PROXY MS. It waits for the first connection after the last inject, and
// says whether MS milliseconds passed before it.
func (st *stage) cameBack(ctx context.Context, words []string) (string, error) {
	p, err := st.proxy(words)
	if err != nil {
		return "", err
	}
	if len(words) != 2 {
		return "", errWords("PROXY MS")
	}
	ms, err := strconv.Atoi(words[1])
	if err != nil {
		return "", err
	}
	var after time.Duration
	err = p.await(ctx, func() bool {
		for _, at := range p.dialed {
			if at.After(p.fault) {
				after = at.Sub(p.fault)

				return true
			}
		}

		return false
	})
	if err != nil {
		return "", err
	}
	if early := time.Duration(ms)*time.Millisecond - after; early > 0 {
		return fmt.Sprintf("%v too early", early), nil
	}

	return "in time", nil
}
