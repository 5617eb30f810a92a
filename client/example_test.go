package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, "tcp://127.0.0.1:7200",
		client.WithToken("the output of: parley token --user alice"),
		client.OnMessage(func(from string, msg []byte) { fmt.Printf("%s: %s\n", from, msg) }),
		client.OnPeerDisconnect(func(peer string, _ []byte) { fmt.Println(peer, "has left") }),
	)
	if err != nil {
		log.Print(err)

		return
	}
	defer c.Close()

	switch err := c.Send(ctx, "bob", []byte("hello")); {
	case errors.Is(err, client.ErrUserNotFound):
		fmt.Println("bob is not here")
	case err != nil:
		fmt.Println("not sent:", err)
	}
}

// A bot that lives as long as the server wants it: it answers everybody, comes back after lost connections with a
// fresh token, and ends when it is replaced or removed.
func ExampleWithTokenSource() {
	var c *client.Client
	ready := make(chan struct{})
	c, err := client.Dial(context.Background(), "wss://chat.example.com",
		client.WithTokenSource(func(context.Context) (string, error) { return "from an identity service", nil }),
		client.WithLogger(slog.Default()),
		client.OnMessage(func(from string, msg []byte) {
			<-ready
			if err := c.Send(context.Background(), from, msg); err != nil {
				log.Print(err)
			}
		}),
	)
	if err != nil {
		log.Print(err)

		return
	}
	close(ready)
	<-c.Done()
	if bye, ok := errors.AsType[*client.GoodbyeError](c.Err()); ok && bye.Code == wire.GoodbyeReplaced {
		fmt.Println("another one has taken over")
	}
}

// Commands of a server's own program.
func ExampleClient_Request() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "ws://127.0.0.1:7000", client.WithToken("..."))
	if err != nil {
		log.Print(err)

		return
	}
	defer c.Close()
	c.OnPush(func(ver uint8, cmd uint16, payload []byte) { fmt.Println(ver, cmd, len(payload)) })

	resp, err := c.Request(ctx, 2, 10, []byte("bob"))
	if failed, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println("the server refused:", failed.Code, failed.Text)
	} else if err == nil {
		fmt.Printf("%s\n", resp.Data)
	}
}
