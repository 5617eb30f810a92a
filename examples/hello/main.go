// Command hello is a small client of examples/seedserver. It logs in two users, lets one of them
// greet the other by the server's command 2/10, and shows the push 2/11 that the other one gets,
// and a direct message on top.
//
//	go run ./examples/hello
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/client"
)

const (
	ver         uint8  = 2
	cmdGreet    uint16 = 10
	cmdGreeting uint16 = 11
	patience           = 10 * time.Second
)

func main() {
	url := flag.String("url", "tcp://127.0.0.1:7200", "where the server is")
	key := flag.String("auth-key", "for examples only: your servers have a secret of their own", "the server's auth key")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := hello(ctx, *url, *key); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1) //nolint:gocritic // the process ends here, and with it what cancel would free
	}
}

func hello(ctx context.Context, url, key string) error {
	heard := make(chan string, 8)
	bob, err := login(ctx, url, key, "bob",
		client.OnPush(func(ver uint8, cmd uint16, payload []byte) { heard <- fmt.Sprintf("push %d/%d: %s", ver, cmd, payload) }),
		client.OnMessage(func(m client.Message) { heard <- fmt.Sprintf("message from %s: %s", m.From, m.Body) }),
	)
	if err != nil {
		return err
	}
	defer func() { _ = bob.Close() }()
	alice, err := login(ctx, url, key, "alice")
	if err != nil {
		return err
	}
	defer func() { _ = alice.Close() }()

	answer, err := alice.Request(ctx, ver, cmdGreet, []byte("bob"))
	if err != nil {
		return fmt.Errorf("the request %d/%d: %w", ver, cmdGreet, err)
	}
	fmt.Printf("alice has sent %d/%d, the server answers: %s\n", ver, cmdGreet, answer.Data)
	if err := show(ctx, heard); err != nil {
		return fmt.Errorf("the push %d/%d: %w", ver, cmdGreeting, err)
	}
	receipt, err := alice.Send(ctx, "bob", []byte("and this without a command of our own"))
	if err != nil {
		return err
	}
	if receipt.Result != client.Delivered {
		return fmt.Errorf("the message to bob was %v", receipt.Result)
	}

	return show(ctx, heard)
}

// login connects a user. The token is made here because this is an example: clients get theirs from
// your login server, which alone has the key.
func login(ctx context.Context, url, key, userID string, options ...client.Option) (*client.Client, error) {
	claims := jwt.MapClaims{"sub": userID, "exp": time.Now().Add(time.Minute).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
	if err != nil {
		return nil, fmt.Errorf("a token for %s: %w", userID, err)
	}

	return client.Dial(ctx, url, append(options, client.WithToken(token))...)
}

func show(ctx context.Context, heard <-chan string) error {
	select {
	case line := <-heard:
		fmt.Println("bob hears a", line)

		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
