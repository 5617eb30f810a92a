package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"
)

// Profiles returns the handler of a listener for profiles of the process, with the paths that "go
// tool pprof" and "go tool trace" know; /debug/pprof/ lists them. A client that reaches it sees
// what is in memory and can make the node slow: it is for the machine itself.
//
// (Package net/http/pprof is not used: importing it adds these pages to http.DefaultServeMux, in
// every program that imports Parley.)
func Profiles() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/debug/pprof/", http.StatusFound))
	mux.HandleFunc("GET /debug/pprof/{$}", listProfiles)
	mux.HandleFunc("GET /debug/pprof/{name}", namedProfile)
	mux.HandleFunc("GET /debug/pprof/profile", func(w http.ResponseWriter, r *http.Request) {
		record(w, r, 30*time.Second, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
	})
	mux.HandleFunc("GET /debug/pprof/trace", func(w http.ResponseWriter, r *http.Request) {
		record(w, r, time.Second, func() error { return trace.Start(w) }, trace.Stop)
	})

	return mux
}

func listProfiles(w http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	b.WriteString("profile?seconds=30  where CPU time goes\ntrace?seconds=1  what the scheduler does\n")
	for _, p := range pprof.Profiles() {
		fmt.Fprintf(&b, "%s  %d (?debug=1: as text)\n", p.Name(), p.Count())
	}
	say(w, http.StatusOK, strings.TrimSuffix(b.String(), "\n"))
}

// namedProfile writes one of the runtime's profiles: heap, goroutine, mutex, ...
func namedProfile(w http.ResponseWriter, r *http.Request) {
	p := pprof.Lookup(r.PathValue("name"))
	if p == nil {
		say(w, http.StatusNotFound, "there is no such profile; /debug/pprof/ lists them")

		return
	}
	debug, err := strconv.Atoi(r.FormValue("debug"))
	if err != nil {
		debug = 0 // the form for tools
	}
	setBinary(w, debug == 0)
	_ = p.WriteTo(w, debug)
}

// MaxRecord is the longest that one request may record.
const MaxRecord = 10 * time.Minute

// record runs start, waits as long as the request wants, and runs stop.
func record(w http.ResponseWriter, r *http.Request, d time.Duration, start func() error, stop func()) {
	if text := r.FormValue("seconds"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		d = time.Duration(seconds * float64(time.Second))
		if err != nil || d <= 0 || d > MaxRecord {
			say(w, http.StatusBadRequest, "seconds: write a number above 0, and at most "+strconv.Itoa(int(MaxRecord.Seconds())))

			return
		}
	}
	setBinary(w, true)
	if err := start(); err != nil { // another request is recording
		say(w, http.StatusConflict, err.Error())

		return
	}
	defer stop()
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	<-ctx.Done()
}

func setBinary(w http.ResponseWriter, binary bool) {
	kind := "text/plain; charset=utf-8"
	if binary {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
}
