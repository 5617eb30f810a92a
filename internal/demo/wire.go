package demo

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// dialTime bounds the connection to a node of this machine.
	dialTime = 3 * time.Second
	// copyBytes is read from a connection at a time.
	copyBytes = 64 << 10
)

// wires are the connections of browsers to nodes. They pass through the demo's process, so that it
// can cut and stall them, and so that a browser needs one address whichever nodes live. The bytes
// are not looked at.
type wires struct {
	changed func() // a wire stalls or resumes; not called with mu held

	mu   sync.Mutex
	all  map[string]*wire // by the address that the node sees
	over bool
}

// wire is one of them.
type wire struct {
	browser, node net.Conn
	changed       func()

	mu     sync.Mutex
	resume chan struct{} // guarded by mu; nil unless stalled; closed by the end of the stall
	gone   chan struct{} // closed when the browser's side has ended
}

// wsPath is where the page connects to a node.
func wsPath(name string) string { return "/nodes/" + name + "/ws" }

// serve passes a WebSocket on to the node at addr.
func (ws *wires) serve(w http.ResponseWriter, r *http.Request, addr string) {
	ctx, cancel := context.WithTimeout(r.Context(), dialTime)
	defer cancel()
	var d net.Dialer
	node, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		http.Error(w, "the node does not answer: "+err.Error(), http.StatusBadGateway)

		return
	}
	defer node.Close()
	browser, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)

		return
	}
	defer browser.Close()
	_ = browser.SetDeadline(time.Time{})
	out := r.Clone(r.Context())
	out.URL.Path, out.URL.RawPath, out.URL.RawQuery = "/ws", "", ""
	if out.Write(node) != nil {
		return
	}
	wire := &wire{browser: browser, node: node, changed: ws.changed, gone: make(chan struct{})}
	if !ws.add(wire) {
		return
	}
	defer ws.remove(wire)
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(node, buffered)
		_ = node.Close() // and so ends the other direction
		close(wire.gone)
	})
	wire.down()
	_ = browser.Close()
	up.Wait()
}

func (ws *wires) add(w *wire) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.over {
		return false
	}
	if ws.all == nil {
		ws.all = map[string]*wire{}
	}
	ws.all[w.node.LocalAddr().String()] = w

	return true
}

func (ws *wires) remove(w *wire) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.all, w.node.LocalAddr().String())
}

// find finds a wire by the address that its node sees; nil: there is none.
func (ws *wires) find(addr string) *wire {
	ws.mu.Lock()
	defer ws.mu.Unlock()

	return ws.all[addr]
}

// close cuts all wires, and lets no other begin.
func (ws *wires) close() {
	ws.mu.Lock()
	ws.over = true
	all := slices.Collect(maps.Values(ws.all))
	ws.mu.Unlock()
	for _, w := range all {
		w.cut()
	}
}

// down copies what the node sends, but for stalls.
func (w *wire) down() {
	buf := make([]byte, copyBytes)
	for {
		n, err := w.node.Read(buf)
		w.mu.Lock()
		resume := w.resume
		w.mu.Unlock()
		if resume != nil {
			select {
			case <-resume:
			case <-w.gone:
				return
			}
		}
		if n > 0 {
			if _, err := w.browser.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut ends both connections with a reset: what is under way is lost, and neither side is told why.
func (w *wire) cut() {
	for _, conn := range []net.Conn{w.browser, w.node} {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	w.stall(false)
}

func (w *wire) stalled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()

	return w.resume != nil
}

// stall stops or resumes the copying of what the node sends.
func (w *wire) stall(stalled bool) {
	w.mu.Lock()
	if stalled == (w.resume != nil) {
		w.mu.Unlock()

		return
	}
	if stalled {
		w.resume = make(chan struct{})
	} else {
		close(w.resume)
		w.resume = nil
	}
	w.mu.Unlock()
	w.changed()
}
