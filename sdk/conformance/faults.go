package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/parley-dm/parley/wire"
)

// onProxy makes a command of something that a proxy does.
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

// logins is: logins PROXY [N]. It waits until N clients have had their welcome; without N it prints
// how many have.
func (st *stage) logins(ctx context.Context, words []string) (string, error) {
	if len(words) == 1 {
		p, err := st.proxy(words)
		if err != nil {
			return "", err
		}
		var n int
		err = p.await(ctx, func() bool {
			n = p.logins

			return true
		})

		return strconv.Itoa(n), err
	}

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
