package chat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parley-dm/parley/client"
)

// Streams are where Lines reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer // messages of others: "bob: text"
	Err io.Writer // everything else, each line beginning with "* "
}

const longestLine = 1 << 20

// Lines sends each line of the input to peer and prints what arrives, until the input ends and
// everything is sent. With stay it goes on printing after that, until ctx ends. The error says that
// not all was delivered, or why the connection is over.
func Lines(ctx context.Context, c *Conversation, s Streams, peer, url string, stay bool) error {
	done := make(chan struct{})
	defer close(done)
	l := &lines{talk: c, streams: s, peer: peer, url: url}
	typed := l.read(done)
	for open := true; open || stay || l.waiting > 0; {
		ready := typed
		if l.waiting >= waitingMessages/2 {
			ready = nil // read on when some have been sent
		}
		select {
		case line, more := <-ready:
			if !more {
				open, typed = false, nil

				continue
			}
			l.post(line)
		case e := <-c.Events():
			if err := l.show(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return l.result()
		}
	}
	if l.readErr != nil {
		return l.readErr
	}

	return l.result()
}

type lines struct {
	talk    *Conversation
	streams Streams

	peer, url     string
	posted        int
	waiting, lost int
	readErr       error // set before the channel of read is closed
}

// read hands out the lines of the input. The goroutine ends with the input, or once done is closed
// with the next line.
func (l *lines) read(done <-chan struct{}) <-chan string {
	typed := make(chan string)
	go func() {
		defer close(typed)
		in := bufio.NewScanner(l.streams.In)
		in.Buffer(nil, longestLine)
		for in.Scan() {
			select {
			case typed <- in.Text():
			case <-done:
				return
			}
		}
		if err := in.Err(); err != nil {
			l.readErr = fmt.Errorf("the input cannot be read on: %w", err)
		}
	}()

	return typed
}

func (l *lines) post(line string) {
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return
	}
	l.posted++
	if l.talk.Post(l.posted, l.peer, line) { // there is room: at most half of the queue is used
		l.waiting++
	} else {
		l.lost++
	}
}

func (l *lines) show(e Event) error {
	switch e.Kind {
	case Received:
		fmt.Fprintf(l.streams.Out, "%s: %s\n", oneLine([]byte(e.User)), oneLine(e.Text))
	case Left:
		fmt.Fprintf(l.streams.Err, "* %s\n", leftText(e))
	case Sent:
		l.waiting--
		if text := Outcome(e.Result, e.User); text != "" {
			l.lost++
			fmt.Fprintf(l.streams.Err, "* %s\n", text)
		}
	case Failed:
		l.waiting--
		l.lost++
		fmt.Fprintf(l.streams.Err, "* %s: %s\n", Verdict(e.Err), Explain(e.Err, e.User, l.url))
	case Changed:
		switch e.State {
		case client.StateConnected:
			fmt.Fprintf(l.streams.Err, "* %s\n", connectedText(l.talk.UserID(), l.peer, l.talk.Node(), l.talk.URL()))
		case client.StateReconnecting:
			fmt.Fprintf(l.streams.Err, "* connection lost, reconnecting\n")
		case client.StateClosed:
			return errors.New(Explain(l.talk.Err(), l.peer, l.talk.URL()))
		}
	}

	return nil
}

func (l *lines) result() error {
	if l.lost > 0 {
		return fmt.Errorf("%d of %d messages were not delivered", l.lost, l.posted)
	}

	return nil
}

// leftText says that a user has left, with its last message.
func leftText(e Event) string {
	text := oneLine([]byte(e.User)) + " has left"
	if len(e.Text) > 0 {
		text += ": " + oneLine(e.Text)
	}

	return text
}

func connectedText(me, peer, node, url string) string {
	return fmt.Sprintf("%s talks to %s, connected to node %s at %s", oneLine([]byte(me)), oneLine([]byte(peer)), nodeName(node), url)
}

// nodeName is the name of a node without what tells its lives apart.
func nodeName(id string) string {
	name, _, _ := strings.Cut(id, "#")

	return oneLine([]byte(name))
}
