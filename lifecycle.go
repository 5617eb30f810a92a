package parley

import "context"

// LifeFunc is a function that the default node calls at a point of its life. The form with next
// must call it once, now or later, from any goroutine; the node's life goes on then, or when the
// node has been stopped. An error is logged.
type LifeFunc interface {
	func() | func(next func(error))
}

// OnStart adds a function that is called when the default node begins to start, before anything of
// it is open.
func OnStart(f func()) {
	standard.Lock()
	defer standard.Unlock()
	standard.onStart = append(standard.onStart, f)
}

// OnStarted adds a function that is called once the default node takes users, after those of
// [OnReady].
func OnStarted(f func()) {
	standard.Lock()
	defer standard.Unlock()
	standard.onStarted = append(standard.onStarted, f)
}

// OnReady adds a function that is called once the default node takes users.
func OnReady[F LifeFunc](f F) { later(func(s *Server) { s.OnReady(s.plain("OnReady", f)) }) }

// OnTerminate adds a function that is called when the default node has been told to stop, before
// its users are sent away.
func OnTerminate[F LifeFunc](f F) {
	later(func(s *Server) { s.OnTerminate(s.plain("OnTerminate", f)) })
}

// Stop tells the default node to stop, as SIGTERM does, and does not wait: [Start] returns when the
// node has drained. Before Start it does nothing.
func Stop() {
	standard.Lock()
	defer standard.Unlock()
	if standard.cancel != nil {
		standard.cancel()
	}
}

// IsTerminating reports whether the default node has been told to stop.
func IsTerminating() bool {
	standard.Lock()
	defer standard.Unlock()

	return standard.server != nil && standard.server.stopping.Load()
}

// plain makes either form of a LifeFunc the one without next.
func (s *Server) plain(point string, f any) func() {
	if f, ok := f.(func()); ok {
		return f
	}
	withNext, _ := f.(func(next func(error)))

	return func() {
		called := make(chan error, 1)
		withNext(func(err error) {
			select {
			case called <- err:
			default: // called before
			}
		})
		select {
		case err := <-called:
			if err != nil {
				s.log.Error("a function of the program has failed", "point", point, "error", err)
			}
		case <-s.done:
		}
	}
}

// begin runs the OnStart functions of the default node.
func begin(s *Server, cancel context.CancelFunc) {
	standard.Lock()
	standard.server, standard.cancel = s, cancel
	functions := standard.onStart
	standard.Unlock()
	for _, f := range functions {
		f()
	}
}

// started runs the OnStarted functions of the default node.
func started() {
	standard.Lock()
	functions := standard.onStarted
	standard.Unlock()
	for _, f := range functions {
		f()
	}
}
