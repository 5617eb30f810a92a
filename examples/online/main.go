// Command online tells which users are online, since when, and on which node: each node keeps its
// users in a storage that all nodes share, for ten seconds at a time, so that the users of a node
// that dies are forgotten by themselves. In four terminals:
//
//	go run ./examples/online node 1
//	go run ./examples/online node 2
//	go run ./examples/online login alice 1
//	go run ./examples/online ask alice 2
//
// When node 1 or 2 is interrupted, its users come back on the other one, and are online since they
// came first: their data go along.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/user"
)

const (
	ver    uint8  = 2
	cmdAsk uint16 = 20 // the payload is a user ID; the answer is a sentence

	key     = "for examples only: your servers have a secret of their own"
	ttl     = 10 // seconds; said again in the storage's settings
	refresh = 3 * time.Second
	drain   = 20 * time.Second // users come back elsewhere meanwhile

	sinceKey = "since" // of a user's data
)

var base = flag.Int("base", 7200, "first port: clients of node 1 connect to the next one")

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "online:", err)
		os.Exit(1) //nolint:gocritic // the process ends here
	}
}

func run(ctx context.Context, args []string) error {
	usage := errors.New("write: node 1, node 2, login USER NODE or ask USER NODE")
	if len(args) < 2 {
		return usage
	}
	number, err := strconv.Atoi(args[len(args)-1])
	if err != nil {
		return usage
	}
	switch {
	case args[0] == "node" && len(args) == 2:
		return node(ctx, number)
	case args[0] == "login" && len(args) == 3:
		return login(ctx, args[1], number)
	case args[0] == "ask" && len(args) == 3:
		return ask(ctx, args[1], number)
	}

	return usage
}

// node runs node 1, which is the core node too, or another one.
func node(ctx context.Context, number int) error {
	at := func(port int) string { return fmt.Sprintf("127.0.0.1:%d", *base+port) }
	cfg := parley.Config{
		Node: fmt.Sprintf("n%d", number), TCP: at(number), HTTP: parley.Off, AuthKey: key,
		Cluster: at(10 + number), Join: []string{at(11)}, ClusterSecret: "for examples only: a cluster secret",
		CoreNodes: []string{at(20)},
		Dive:      json.RawMessage(`{"storages": {"Online": {"defaultTTL": 10}}}`),
	}
	if number == 1 {
		cfg.Core = at(20)
	}
	s, err := parley.New(cfg) //nolint:contextcheck // it only reads files
	if err != nil {
		return err
	}
	online := s.Dive().GetStorageByName("Online")
	s.HandleCommand(ver, cmdAsk, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
		go func() { // the storage may be on another node: the client's connection is read meanwhile
			u.ServerRespond([]byte(tell(ctx, online, string(payload))), ver, cmd, parley.StatusOK, true)
			next(nil)
		}()
	})
	s.Users().OnNew(func(u *user.User) {
		if u.Get(sinceKey) == nil { // else it has come along from a node that stops
			u.Set(sinceKey, time.Now().Format(time.TimeOnly))
		}
		go say(ctx, s, online, u)
	})
	s.Users().OnClosed(func(u *user.User, why user.Reason) {
		if why == user.Left {
			go online.DelContext(ctx, u.ID) // if that fails, its time to live does it
		}
	})
	if err := s.Start(ctx); err != nil {
		return err
	}
	keep(ctx, s, online)
	last, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()

	return s.Stop(last) //nolint:contextcheck // ctx has ended: that is why it stops
}

// keep says every few seconds that the users of this node are online, until ctx ends.
func keep(ctx context.Context, s *parley.Server, online *dive.Storage) {
	t := time.NewTicker(refresh)
	defer t.Stop()
	for {
		s.Users().Range(func(u *user.User) bool {
			say(ctx, s, online, u)

			return true
		})
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// say writes that a user is online.
func say(ctx context.Context, s *parley.Server, online *dive.Storage, u *user.User) {
	since, _ := u.GetAsString(sinceKey)
	if err := online.SetExContext(ctx, u.ID, since+", node "+s.NodeID(), ttl); err != nil {
		fmt.Fprintln(os.Stderr, "online:", err)
	}
}

func tell(ctx context.Context, online *dive.Storage, userID string) string {
	since, err := online.GetContext(ctx, userID).ToString()
	switch {
	case errors.Is(err, dive.ErrNotFound):
		return userID + " is not online"
	case err != nil:
		return err.Error()
	}

	return userID + " is online since " + since
}

// login connects a user until it is interrupted.
func login(ctx context.Context, userID string, number int) error {
	const both = 3
	c, err := dial(ctx, userID, number, both-number)
	if err != nil {
		return err
	}
	fmt.Println(userID, "is connected to node", number)
	<-ctx.Done()

	return c.Close()
}

func ask(ctx context.Context, userID string, number int) error {
	c, err := dial(ctx, "asker", number)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	answer, err := c.Request(ctx, ver, cmdAsk, []byte(userID))
	if err != nil {
		return err
	}
	fmt.Println(string(answer.Data))

	return nil
}

// dial connects to the first of the nodes that takes the user. The token is made here because this
// is an example: clients get theirs from your login server.
func dial(ctx context.Context, userID string, nodes ...int) (*client.Client, error) {
	claims := jwt.MapClaims{"sub": userID, "exp": time.Now().Add(time.Hour).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
	if err != nil {
		return nil, fmt.Errorf("a token for %s: %w", userID, err)
	}

	var urls []string
	for _, n := range nodes {
		urls = append(urls, fmt.Sprintf("tcp://127.0.0.1:%d", *base+n))
	}

	return client.Dial(ctx, strings.Join(urls, ","), client.WithToken(token))
}
