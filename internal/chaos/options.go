package chaos

import (
	"errors"
	"io"
	"time"
)

// Options are the parameters of a run. The zero value of a field stands for its default.
type Options struct {
	Nodes   int           // 3 to 5; default 3
	Clients int           // users, each with one client; default 300
	Rate    int           // messages a second, of all users together; default 1000
	Time    time.Duration // how long faults are made; default 10 m. Starting and judging come on top
	Seed    uint64        // of the faults and of the users' friends; 0: of the clock

	Binary     string // the parley binary; required
	Dir        string // where the nodes' logs go; required
	Namespaces bool   // give nodes a network of their own, where the system has one
	Watch      bool   // print each fault
	Short      bool   // only the most telling faults
	Starts     int    // how often six nodes start together, before the run; default 10, with Short 1

	// Within is how long peers may take to hear that a user has gone for good, and everything to
	// work again. Longer is a violation. It is generous by default, for busy machines: the table
	// says what it took.
	Within time.Duration

	// KillNotice and VanishNotice are how long peers may take to hear of the users of a killed
	// process, and of a machine that vanished, if nothing else is wrong. Defaults: 250 ms and 2 s.
	KillNotice   time.Duration
	VanishNotice time.Duration

	Out io.Writer // where the run logs; nil: nowhere
}

const (
	minNodes = 3
	maxNodes = 5
)

// heartbeat of the nodes' clients: short, so that vanished clients are noticed within a run.
const heartbeat = 2 * time.Second

// sendTimeout is how long a request may take. Whatever happens to its connection, the client knows
// after two heartbeats; and a server answers after its reliable timeout of 3 s.
const sendTimeout = 20 * time.Second

func (o Options) withDefaults() (Options, error) {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&o.Nodes, minNodes)
	set(&o.Clients, 300)
	set(&o.Rate, 1000)
	if o.Short {
		set(&o.Starts, 1)
	}
	set(&o.Starts, 10)
	setTime := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	setTime(&o.Time, 10*time.Minute)
	setTime(&o.Within, time.Minute)
	setTime(&o.KillNotice, 250*time.Millisecond)
	setTime(&o.VanishNotice, 2*time.Second)
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	switch {
	case o.Nodes < minNodes || o.Nodes > maxNodes:
		return o, errors.New("chaos: a run has 3 to 5 nodes")
	case o.Clients < 10 || o.Rate < 1:
		return o, errors.New("chaos: a run has at least 10 clients and a message a second")
	case o.Binary == "" || o.Dir == "":
		return o, errors.New("chaos: a run needs the parley binary and a directory for logs")
	}

	return o, nil
}
