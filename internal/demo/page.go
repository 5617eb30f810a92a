package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/httpapi"
)

// DefaultListen is where the page is served unless another process is there: then at a port that
// the system chooses.
const DefaultListen = "127.0.0.1:7070"

const (
	headTime = 5 * time.Second  // for the head of a request
	idleTime = 60 * time.Second // between two requests of one connection
)

// page is the server of the demo page.
type page struct {
	server  *http.Server
	serving sync.WaitGroup
	opened  bool // a browser was asked to show it
}

// openPage serves the page, says where, and opens it in a browser if it can.
func (d *demo) openPage(ctx context.Context) error {
	ln, err := listen(ctx, d.Listen)
	if err != nil {
		return err
	}
	port := ln.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	url := fmt.Sprintf("http://127.0.0.1:%d/", port)
	join := demopage.Join{URL: url + "?join", Local: true}
	if ip := reachableAt(ln.Addr()); ip != nil {
		join = demopage.Join{URL: fmt.Sprintf("http://%s/?join", net.JoinHostPort(ip.String(), strconv.Itoa(port)))}
	}
	if ip := ln.Addr().(*net.TCPAddr).IP; !ip.IsUnspecified() { //nolint:forcetypeassert // as above
		url = "http://" + ln.Addr().String() + "/"
	}
	d.cluster.join = join
	d.cluster.publish()
	p := &page{server: &http.Server{
		Handler: d.cluster.handler(), ReadHeaderTimeout: headTime, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}}
	p.serving.Go(func() { _ = p.server.Serve(ln) })
	d.page = p
	d.sayf("The demo page is at %s", url)
	if !join.Local {
		d.sayf("Other machines reach it, and every node through it, at %s", join.URL)
	}
	if !d.NoOpen {
		p.opened = browse(url)
	}

	return nil
}

// close ends the server and its connections.
func (p *page) close() {
	_ = p.server.Close()
	p.serving.Wait()
}

// handler is the page, and the way to each node's WebSocket.
func (c *cluster) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", demopage.New(c.feed, c))
	mux.Handle("GET "+wsPath("{name}"), httpapi.LocalHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, err := c.place(r.PathValue("name"))
		if err != nil {
			status := http.StatusBadGateway
			if errors.Is(err, demopage.ErrUnknown) {
				status = http.StatusNotFound
			}
			http.Error(w, err.Error(), status)

			return
		}
		c.wires.serve(w, r, at.HTTP)
	})))

	return mux
}

// listen opens the page's listener.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	if addr == "" {
		ln, err := lc.Listen(ctx, "tcp", DefaultListen)
		if err != nil { // another process is there, perhaps another demo
			ln, err = lc.Listen(ctx, "tcp", anyPort)
		}

		return ln, err
	}
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w: give host:port, such as 0.0.0.0:7070", addr, errors.Unwrap(err))
	}

	return ln, nil
}

// reachableAt is the address at which other machines reach a listener; nil: they do not.
func reachableAt(addr net.Addr) net.IP {
	ip := addr.(*net.TCPAddr).IP //nolint:forcetypeassert // of a TCP listener
	if ip.IsLoopback() {
		return nil
	}
	if !ip.IsUnspecified() {
		return ip
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var other net.IP
	for _, a := range addrs {
		at, ok := a.(*net.IPNet)
		switch {
		case !ok || !at.IP.IsGlobalUnicast():
		case at.IP.To4() != nil:
			return at.IP
		default:
			other = at.IP
		}
	}

	return other
}

// browse opens a URL in the user's browser, if there is one, and tells whether it was asked to.
func browse(url string) bool {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", url) //nolint:noctx,gosec // it ends by itself; the address is the page's
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", url) //nolint:noctx,gosec // it ends by itself; the address is the page's
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return false
		}
		cmd = exec.Command("xdg-open", url) //nolint:noctx,gosec // it ends by itself; the address is the page's
	}
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if cmd.Start() != nil {
		return false
	}
	go func() { _ = cmd.Wait() }()

	return true
}
