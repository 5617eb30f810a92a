// Command client is the client of the chat in docs/tutorial.md. Each line of its input is a message
// ("bob hello") or a command ("/block bob").
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/parley-dm/parley/client"
)

const (
	ver      uint8  = 2
	cmdBlock uint16 = 1
)

func main() {
	url := flag.String("url", "tcp://127.0.0.1:7200", "the nodes, with commas between them")
	token := flag.String("token", "", "who you are: what parley token prints")
	flag.Parse()
	c, err := client.Dial(context.Background(), *url,
		client.WithToken(*token),
		client.OnMessage(func(m client.Message) { fmt.Printf("%s: %s\n", m.From, m.Body) }),
		client.OnPeerDisconnect(func(peer string, _ []byte) { fmt.Println(peer, "has left") }),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
	fmt.Println("you are", c.UserID())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		to, text, _ := strings.Cut(lines.Text(), " ")
		if to == "/block" {
			block(c, text)
		} else {
			send(c, to, text)
		}
	}
	_ = c.Close()
}

func send(c *client.Client, to, text string) {
	receipt, err := c.Send(context.Background(), to, []byte(text))
	switch {
	case errors.Is(err, client.ErrUserNotFound):
		fmt.Println(to, "is not here")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(receipt.Result) // delivered, declined or dropped
	}
}

func block(c *client.Client, userID string) {
	answer, err := c.Request(context.Background(), ver, cmdBlock, []byte(userID))
	if err != nil {
		fmt.Println(err)

		return
	}
	fmt.Println(string(answer.Data))
}
