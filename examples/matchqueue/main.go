// Command matchqueue pairs players for matches: nodes push the users who want one to a queue that
// all nodes share, and pop two at a time. No user is popped twice, whichever nodes they and their
// opponents are connected to. In four terminals:
//
//	go run ./examples/matchqueue node 1
//	go run ./examples/matchqueue node 2
//	go run ./examples/matchqueue play alice 1
//	go run ./examples/matchqueue play bob 2
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
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/user"
)

const (
	ver     uint8  = 2
	cmdPlay uint16 = 30 // "I want a match"; the answer is a sentence

	key      = "for examples only: your servers have a secret of their own"
	queueKey = "players"
	wait     = 60 // seconds that a queue lives after its last push or pop
	drain    = 5 * time.Second
)

var base = flag.Int("base", 7200, "first port: clients of node 1 connect to the next one")

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "matchqueue:", err)
		os.Exit(1) //nolint:gocritic // the process ends here
	}
}

func run(ctx context.Context, args []string) error {
	usage := errors.New("write: node 1, node 2 or play USER NODE")
	if len(args) < 2 {
		return usage
	}
	number, err := strconv.Atoi(args[len(args)-1])
	switch {
	case err != nil:
	case args[0] == "node" && len(args) == 2:
		return node(ctx, number)
	case args[0] == "play" && len(args) == 3:
		return play(ctx, args[1], number)
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
		Dive:      json.RawMessage(`{"storages": {"Queue": {}}}`),
	}
	if number == 1 {
		cfg.Core = at(20)
	}
	s, err := parley.New(cfg) //nolint:contextcheck // it only reads files
	if err != nil {
		return err
	}
	queue := s.Dive().GetStorageByName("Queue")
	s.HandleCommand(ver, cmdPlay, func(ver uint8, cmd uint16, _ []byte, u *user.User, next func(error)) {
		go func() { // the storage may be on another node: the client's connection is read meanwhile
			err := enqueue(ctx, s, queue, u)
			if err == nil {
				u.ServerRespond([]byte("you are in the queue"), ver, cmd, parley.StatusOK, true)
			}
			next(err)
		}()
	})
	if err := s.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()

	return s.Stop(last) //nolint:contextcheck // ctx has ended: that is why it stops
}

// enqueue puts a user behind those who wait, and takes the first two out if there are two.
func enqueue(ctx context.Context, s *parley.Server, queue *dive.Storage, u *user.User) error {
	if err := queue.RPushExContext(ctx, queueKey, wait, u.ID); err != nil {
		return err
	}
	for {
		waiting, err := queue.LRangeContext(ctx, queueKey, 0, 1)
		if err != nil || len(waiting) < 2 {
			return err
		}
		popped, err := queue.LPopExContext(ctx, queueKey, 2, wait)
		if err != nil || len(popped) == 0 {
			return err
		}
		first, err := popped[0].ToString()
		if err != nil {
			return err
		}
		if len(popped) == 2 {
			second, err := popped[1].ToString()
			if err == nil {
				announce(s, first, second)
			}

			return err
		}
		if err := queue.LPushExContext(ctx, queueKey, wait, first); err != nil { // another node was faster: back to the front
			return err
		}
	}
}

// announce tells both players of their match, whichever nodes they are connected to.
func announce(s *parley.Server, first, second string) {
	match := fmt.Appendf(nil, "match of %s and %s", first, second)
	referee := user.CreateBlankUser("", "referee")
	for _, player := range []string{first, second} {
		s.DM().SendMessageByUserID(referee, player, ver, cmdPlay, match, func(err error) {
			if err != nil {
				fmt.Fprintln(os.Stderr, "matchqueue:", err)
			}
		})
	}
}

// play asks for a match, and waits for the push that tells of it.
func play(ctx context.Context, userID string, number int) error {
	claims := jwt.MapClaims{"sub": userID, "exp": time.Now().Add(time.Hour).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key)) // by your login server
	if err != nil {
		return fmt.Errorf("a token for %s: %w", userID, err)
	}
	found := make(chan string, 1)
	c, err := client.Dial(ctx, fmt.Sprintf("tcp://127.0.0.1:%d", *base+number), client.WithToken(token),
		client.OnPush(func(_ uint8, _ uint16, payload []byte) { found <- string(payload) }))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	answer, err := c.Request(ctx, ver, cmdPlay, nil)
	if err != nil {
		return err
	}
	fmt.Println(userID+":", string(answer.Data))
	select {
	case match := <-found:
		fmt.Println(userID+":", match)
	case <-ctx.Done():
	}

	return nil
}
