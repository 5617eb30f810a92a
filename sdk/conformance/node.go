package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const clusterSecret = "the cluster secret of the conformance suite"

// authenticate takes the tokens of scripts: of:USER, or of:USER:MS for a token that expires MS
// milliseconds after it is looked at.
func authenticate(_ context.Context, token string, _ net.Addr) (userID string, expires time.Time, err error) {
	rest, ok := strings.CutPrefix(token, "of:")
	if !ok {
		return "", time.Time{}, errors.New("want of:USER")
	}
	userID, life, ends := strings.Cut(rest, ":")
	if !ends {
		return userID, time.Time{}, nil
	}
	ms, err := strconv.Atoi(life)
	if err != nil {
		return "", time.Time{}, err
	}

	return userID, time.Now().Add(time.Duration(ms) * time.Millisecond), nil
}

// The commands of the program that the nodes run, all of ver 2.
const (
	appVer      uint8  = 2
	cmdEcho     uint16 = 10 // answers with the payload
	cmdPush     uint16 = 11 // pushes the payload as 2.12, then answers without data
	cmdPushed   uint16 = 12
	cmdRefuse   uint16 = 13 // answers 4003 with the payload as text
	cmdFail     uint16 = 14 // answers status 9 and the payload
	cmdRemove   uint16 = 15 // sends the user away: goodbye 2005
	statusOfOwn uint8  = 9
)

// startNode starts a node of a cluster with those before it.
func startNode(ctx context.Context, n int, before []*parley.Server, cfg parley.Config) (*parley.Server, error) {
	cfg.Node = fmt.Sprintf("n%d", n)
	cfg.TCP, cfg.HTTP, cfg.Cluster = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Authenticate, cfg.ClusterSecret, cfg.LogLevel = authenticate, clusterSecret, "error"
	cfg.Grace = -1 // a script that stops a node has its peers told at once
	cfg.TokenGrace = -1
	for _, other := range before {
		cfg.Join = append(cfg.Join, other.ClusterAddr())
	}
	s, err := parley.New(cfg) //nolint:contextcheck // a node outlives its start
	if err != nil {
		return nil, err
	}
	program(s)
	if err := s.Start(ctx); err != nil {
		return nil, err
	}

	return s, nil
}

// program is what the nodes do beside carrying messages. The README of the suite describes it.
func program(s *parley.Server) {
	m := s.DM()
	m.ExposeCommands()
	m.SetOnReceiveMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) bool { return string(msg) != "decline me" })
	m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
		switch string(msg) {
		case "drop me":
			return []byte{}
		case "rewrite me":
			return []byte("rewritten")
		}

		return nil
	})
	m.SetOnUserDisconnect(func(_ *user.User, peer string) []byte { return []byte("goodbye " + peer) })
	answer := func(cmd uint16, status uint8, data func(payload []byte, u *user.User) []byte) {
		s.HandleCommand(appVer, cmd, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
			u.ServerRespond(data(payload, u), ver, cmd, status, true)
			next(nil)
		})
	}
	same := func(payload []byte, _ *user.User) []byte { return payload }
	answer(cmdEcho, parley.StatusOK, same)
	answer(cmdPush, parley.StatusOK, func(payload []byte, u *user.User) []byte {
		u.ServerPush(appVer, cmdPushed, payload, true)

		return nil
	})
	answer(cmdRefuse, parley.StatusBad, func(payload []byte, _ *user.User) []byte {
		return wire.AppendErrorData(nil, wire.CodeNotAllowed, string(payload))
	})
	answer(cmdFail, statusOfOwn, same)
	answer(cmdRemove, parley.StatusOK, func(_ []byte, u *user.User) []byte {
		u.Disconnect()

		return nil
	})
}
