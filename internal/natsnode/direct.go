package natsnode

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// directPause is between two attempts to reach a core node directly.
const directPause = 5 * time.Second

// directs are connections of a node that is no core node to the core nodes beside its own one: a
// request goes straight to the core node that leads a storage, without a hop over another. They are
// made when they are wanted first, and do not reconnect: without one, the node's own connection
// carries the request.
type directs struct {
	addrs   []string // of the core nodes; empty: there are no such connections
	options []nats.Option

	mu      sync.Mutex
	conns   map[string]*nats.Conn // guarded by mu; by the core node's name
	tried   time.Time             // guarded by mu
	dialing bool                  // guarded by mu
	closed  bool                  // guarded by mu
	running sync.WaitGroup
}

// ConnTo is the best connection for requests that the core node of that name answers. It does not
// block: until there is a direct one, it is [Node.Conn].
func (n *Node) ConnTo(name string) *nats.Conn {
	d := &n.directs
	if name == "" || len(d.addrs) == 0 || n.conn.ConnectedServerName() == name {
		return n.conn
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.conns[name]; c != nil && c.IsConnected() {
		return c
	}
	if !d.dialing && !d.closed && time.Since(d.tried) >= directPause {
		d.dialing, d.tried = true, time.Now()
		d.running.Go(func() { d.dial(name) })
	}

	return n.conn
}

// dial connects to one core node after the other until it has the one of that name. Connections to
// others are kept as well: they may lead next.
func (d *directs) dial(name string) {
	defer func() {
		d.mu.Lock()
		d.dialing = false
		d.mu.Unlock()
	}()
	for _, addr := range d.addrs {
		c, err := nats.Connect("tls://"+addr, d.options...)
		if err != nil {
			continue
		}
		at := c.ConnectedServerName()
		if !d.keep(at, c) || at == name {
			return
		}
	}
}

// keep takes a connection. It returns false if the node has been closed.
func (d *directs) keep(at string, c *nats.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.conns[at]; d.closed || old != nil && old.IsConnected() {
		c.Close()

		return !d.closed
	}
	if d.conns == nil {
		d.conns = make(map[string]*nats.Conn)
	}
	d.conns[at] = c

	return true
}

// close ends the connections, and waits for them.
func (d *directs) close() {
	d.mu.Lock()
	d.closed = true
	conns := d.conns
	d.conns = nil
	d.mu.Unlock()
	for _, c := range conns {
		closeConn(c)
	}
	d.running.Wait()
}

// closeConn ends a connection and waits for its goroutines.
func closeConn(c *nats.Conn) {
	ended := make(chan struct{})
	c.SetClosedHandler(func(*nats.Conn) { close(ended) })
	if c.IsClosed() {
		return
	}
	c.Close()
	<-ended
}
