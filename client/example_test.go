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
		client.OnMessage(func(m client.Message) { fmt.Printf("%s: %s\n", m.From, m.Body) }),
		client.OnPeerDisconnect(func(peer string, _ []byte) { fmt.Println(peer, "has left") }),
	)
	if err != nil {
		log.Print(err)

		return
	}
	defer c.Close()

	if _, err := c.Send(ctx, "bob", []byte("hello")); err != nil {
		log.Print(err)
	}
}

// Three nodes of one cluster. When the node of this client dies, the client goes on at another one
// at once.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, "tls://n1.example.com:7200,tls://n2.example.com:7200,tls://n3.example.com:7200",
		client.WithToken("from your login server"))
	switch bye, _ := errors.AsType[*client.GoodbyeError](err); {
	case bye != nil && bye.Code == wire.GoodbyeBadToken:
		fmt.Println("the token is not accepted:", bye.Text)

		return
	case err != nil:
		fmt.Println("no server:", err)

		return
	}
	defer c.Close()
	fmt.Println("connected to", c.Node(), "at", c.URL())
}

// Each outcome of a message: the receipt tells those without an error.
func ExampleClient_Send() {
	var c *client.Client // from Dial
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	receipt, err := c.Send(ctx, "bob", []byte("hello"))
	switch {
	case err == nil && receipt.Result == client.Delivered:
		fmt.Println("delivered")
	case err == nil:
		fmt.Println("a server's program kept it:", receipt.Result) // declined or dropped
	case errors.Is(err, client.ErrUserNotFound):
		fmt.Println("bob is not connected")
	case errors.Is(err, client.ErrNotConnected):
		fmt.Println("not sent: try again") // certain
	case errors.Is(err, client.ErrConnectionLost), errors.Is(err, client.ErrTimeout):
		fmt.Println("unknown: bob may have it")
	default:
		fmt.Println("not delivered:", err)
	}
}

// A callback that is set later: messages that arrived before are dropped, so give OnMessage to Dial
// to miss none.
func ExampleClient_OnMessage() {
	var c *client.Client // from Dial
	inbox := make(chan client.Message, 100)
	c.OnMessage(func(m client.Message) {
		select {
		case inbox <- m: // m.Body belongs to the callback: no copy is needed
		default:
			log.Printf("a message of %s is lost", m.From)
		}
	})
}

// A bot that answers every message. It reconnects with a fresh token after lost connections, and
// ends when it is replaced or removed.
func ExampleWithTokenSource() {
	var c *client.Client
	ready := make(chan struct{})
	c, err := client.Dial(context.Background(), "wss://chat.example.com",
		client.WithTokenSource(func(context.Context) (string, error) { return "from an identity service", nil }),
		client.WithLogger(slog.Default()),
		client.OnMessage(func(m client.Message) {
			<-ready
			if _, err := c.Send(context.Background(), m.From, m.Body); err != nil {
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
		fmt.Println("a newer login has replaced this one")
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
