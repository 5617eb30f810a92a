package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// untilSignal returns a context that ends with the first SIGINT or SIGTERM; the second one calls
// exit at once. Stop ends the watching, and the context.
func untilSignal(parent context.Context, exit func(status int)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	over := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for range 2 {
			select {
			case <-signals:
			case <-over:
				return
			}
			if ctx.Err() != nil {
				exit(1)
			}
			cancel()
		}
	})

	return ctx, func() {
		signal.Stop(signals)
		close(over)
		watcher.Wait()
		cancel()
	}
}

// survivePipes keeps the process going when its standard output or error is a closed pipe: a write
// is an error then, and SIGPIPE, which ends a Go program that does not ask for it, is taken and
// dropped. Stop ends that.
func survivePipes() (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGPIPE)

	return func() { signal.Stop(signals) }
}

// watchHangups returns a channel that gets each SIGHUP, which would end the process otherwise.
func watchHangups() (hangups <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)

	return signals, func() { signal.Stop(signals) }
}
