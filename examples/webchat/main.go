// Command webchat is a chat in a browser: the server of a page, with a node of Parley inside. The
// page's program is main.ts, and README.md tells how they work together.
package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/signal"
	"path"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

//go:embed dist
var dist embed.FS

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where the page is served")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "webchat:", err)
		os.Exit(1) //nolint:gocritic // the process ends here
	}
}

// run serves the page, tokens and the node's WebSocket at one address, until ctx ends.
func run(ctx context.Context, addr string) error {
	key := []byte(rand.Text() + rand.Text())
	node, err := parley.New(parley.Config{ //nolint:contextcheck // it only checks the settings
		Node: "webchat", HTTP: "127.0.0.1:0", TCP: parley.Off, LogLevel: "warn",
		AuthKey: string(key), TrustedProxies: []string{"127.0.0.1"}, Drain: time.Second, Grace: -1,
	})
	if err != nil {
		return err
	}
	node.DM().ExposeCommands()
	node.DM().SetOnClearCache(func(gone string, stayed *user.User) {
		stayed.ServerPush(1, 700, wire.AppendPeer(nil, gone), true) // peerDisconnect in the page
	})
	if err := node.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = node.Stop(context.WithoutCancel(ctx)) }()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{file...}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, dist, path.Join("dist", r.PathValue("file")))
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		name, err := io.ReadAll(http.MaxBytesReader(w, r.Body, user.MaxIDLength))
		signed, bad := token(string(name), key)
		if err = errors.Join(err, bad); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, signed)
	})
	mux.Handle("GET /ws", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", node.HTTPAddr() // Out.Host stays: it is the page's origin
		r.SetXForwarded()
	}})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("open http://%s in two tabs or browsers; ctrl+c ends it\n", ln.Addr())
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// token makes a token for a name. A server for more than a try asks for a password first.
func token(name string, key []byte) (string, error) {
	if err := user.CheckID(name); err != nil {
		return "", err
	}
	claims := jwt.MapClaims{"sub": name, "exp": time.Now().Add(time.Hour).Unix()}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
}
