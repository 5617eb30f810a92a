package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

//go:embed dist
var dist embed.FS

// policy lets a page load only what its own server has, and connect to any node by WebSocket: the
// nodes of a cluster are other origins.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self' http: https: ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Page returns the handler of one page: its index.html at "/", and its other files below. The name
// is that of a folder in dist.
func Page(name string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /theme.css", file("theme.css"))
	entries, err := dist.ReadDir(path.Join("dist", name))
	if err != nil {
		panic("no page of this name was built: " + name) // a fault of the program, seen by each test of it
	}
	for _, entry := range entries {
		at := "GET /" + entry.Name()
		if entry.Name() == "index.html" {
			at = "GET /{$}"
		}
		mux.Handle(at, file(path.Join(name, entry.Name())))
	}

	return mux
}

// file serves an embedded file, which does not change as long as its tag is the same.
func file(name string) http.Handler {
	content, err := fs.ReadFile(dist, path.Join("dist", name))
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(content)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	kind := mime.TypeByExtension(path.Ext(name))

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("ETag", tag)
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)

			return
		}
		h.Set("Content-Type", kind)
		_, _ = w.Write(content)
	})
}
