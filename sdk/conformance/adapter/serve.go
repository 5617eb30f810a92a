package adapter

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/parley-dm/parley/client"
)

// maxLine bounds a command: it can hold a message of the greatest length in base64.
const maxLine = 1 << 20

// adapter runs commands on clients.
type adapter struct {
	ctx     context.Context //nolint:containedctx // of the process: it ends what waits when the input does
	running sync.WaitGroup

	mu      sync.Mutex
	out     *json.Encoder             // guarded by mu
	err     error                     // guarded by mu: the first of out
	clients map[string]*client.Client // guarded by mu
}

// Serve runs the commands that come on in, until its end. The error is a line that is no command,
// or a failure of in or out.
func Serve(in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	a := &adapter{ctx: ctx, out: json.NewEncoder(out), clients: make(map[string]*client.Client)}
	a.say(Hello{Adapter: "parley-go", Transports: []string{TransportTCP, TransportWS}})
	err := a.read(in)
	cancel()
	a.running.Wait()
	for _, c := range a.clients {
		_ = c.Close()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		err = a.err
	}

	return err
}

func (a *adapter) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var cmd Command
		if err := json.Unmarshal(lines.Bytes(), &cmd); err != nil {
			return fmt.Errorf("not a command: %s: %w", lines.Text(), err)
		}
		a.running.Go(func() {
			reply := a.run(cmd)
			reply.ID = cmd.ID
			a.say(reply)
		})
	}

	return lines.Err()
}

func (a *adapter) say(line any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.out.Encode(line); err != nil && a.err == nil {
		a.err = err
	}
}

func (a *adapter) run(cmd Command) Reply {
	ctx := a.ctx
	if cmd.WaitMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(cmd.WaitMS)*time.Millisecond)
		defer cancel()
	}
	if cmd.Do == DoConnect {
		return a.connect(ctx, cmd)
	}
	a.mu.Lock()
	c := a.clients[cmd.Client]
	a.mu.Unlock()
	if c == nil {
		return Reply{Error: &Failure{Text: "no such client"}}
	}
	switch cmd.Do {
	case DoSend:
		receipt, err := c.Send(ctx, cmd.To, cmd.Data)

		return receiptReply(receipt, err)
	case DoConnectPeer:
		receipt, err := c.Connect(ctx, cmd.To)

		return receiptReply(receipt, err)
	case DoDisconnectPeer:
		return Reply{Error: failure(c.Disconnect(ctx, cmd.To, cmd.Data))}
	case DoRequest:
		resp, err := c.Request(ctx, cmd.Ver, cmd.Cmd, cmd.Data)
		if err != nil {
			return Reply{Error: failure(err)}
		}

		return Reply{Data: resp.Data}
	case DoClose:
		if err := c.Close(); err != nil {
			return Reply{Error: &Failure{Text: err.Error()}}
		}

		return Reply{}
	}

	return Reply{Error: &Failure{Text: "unknown command " + cmd.Do}}
}

// connect logs a client in. What it hears becomes events.
func (a *adapter) connect(ctx context.Context, cmd Command) Reply {
	name := cmd.Client
	made := make(chan *client.Client, 1)
	var c *client.Client // of the callbacks' goroutine
	event := func(e Event) {
		e.Client = name
		a.say(e)
	}
	c2, err := client.Dial(ctx, strings.Join(cmd.URLs, ","),
		client.WithTokenSource(tokens(cmd.Tokens)),
		client.WithName("conformance-go"),
		client.OnMessage(func(m client.Message) { event(Event{Event: EventMessage, From: m.From, Data: m.Body}) }),
		client.OnPush(func(ver uint8, cmd uint16, payload []byte) {
			event(Event{Event: EventPush, Ver: ver, Cmd: cmd, Data: payload})
		}),
		client.OnPeerDisconnect(func(peer string, last []byte) {
			event(Event{Event: EventPeerDisconnect, From: peer, Data: last})
		}),
		client.OnState(func(s client.State) {
			if c == nil { // the first one is of Dial itself
				c = <-made

				return
			}
			event(Event{Event: EventState, State: s.String(), Goodbye: goodbye(c.Err())})
		}),
	)
	if err != nil {
		return Reply{Error: &Failure{Goodbye: goodbye(err), Text: err.Error()}}
	}
	a.mu.Lock()
	a.clients[name] = c2
	a.mu.Unlock()
	made <- c2

	return Reply{Node: c2.Node()}
}

// tokens gives one token after another, and then the last one again and again.
func tokens(all []string) func(context.Context) (string, error) {
	var mu sync.Mutex

	return func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(all) == 0 {
			return "", errors.New("the command has no tokens")
		}
		token := all[0]
		if len(all) > 1 {
			all = all[1:]
		}

		return token, nil
	}
}

func receiptReply(r client.Receipt, err error) Reply {
	if err != nil {
		return Reply{Error: failure(err)}
	}

	return Reply{Result: r.Result.String()}
}

// failure says what an error of a request means; nil if there is none.
func failure(err error) *Failure {
	if err == nil {
		return nil
	}
	f := &Failure{Outcome: Unknown, Text: err.Error()}
	e, answered := errors.AsType[*client.Error](err)
	switch {
	case errors.Is(err, client.ErrNotConnected), errors.Is(err, client.ErrQueueFull):
		f.Outcome = NotSent
	case answered && e.Code != 0:
		f.Code = int(e.Code)
		switch {
		case e.Status == 0:
			f.Outcome = NotSent
		case !errors.Is(err, client.ErrTimeout):
			f.Outcome = Failed
		}
	case answered:
		f.Outcome, f.Status, f.Data = Failed, int(e.Status), []byte(e.Text)
	}

	return f
}

func goodbye(err error) int {
	if bye, ok := errors.AsType[*client.GoodbyeError](err); ok {
		return int(bye.Code)
	}

	return 0
}
