package parley

import (
	"context"
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/storages"
)

// logPatience is how long the reader of the log may take to read its last lines.
const logPatience = time.Second

// heldTime is what functions of the program that hold the data of users have beyond Config.Grace,
// and beyond the end of the stop's time.
const heldTime = time.Second

// errHeld is what Stop returns when a goroutine of the node stays.
var errHeld = errors.New("parley: a function of the program that holds a user's data has not returned")

// Stop stops the node gently: it runs the OnTerminate functions, sends the users away, few at a
// time (see Config.Drain), each with a time to come back, waits for them to come back on another
// node (see Config.Grace), tells the peers of those that do not, waits for the outcome of what is
// under way, says goodbye to the other nodes, and returns when all that is done. If ctx gives less
// time than StopTime, each of that gets less; when ctx ends, what is not done is cut short. Later
// calls wait for the first, and return what it returned.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stopErr = s.stop(ctx)
		if s.logLines != nil {
			_ = s.logLines.Close(logPatience) // lines that nothing reads are no error of the node
		}
		close(s.done)
	})

	return s.stopErr
}

func (s *Server) stop(ctx context.Context) (err error) {
	s.stopping.Store(true)
	was := s.ready.Swap(false)
	if was {
		s.log.Info("stopping", "users", s.users.Count())
		wait(ctx, func() {
			for _, f := range s.onTerminate {
				f()
			}
		})
	}
	if s.gateway != nil {
		grace, held := s.shareOfStop(ctx, s.cfg.Grace), s.shareOfStop(ctx, heldTime)
		s.lingering.Begin(grace)
		err = s.gateway.DrainOver(ctx, s.shareOfStop(ctx, s.cfg.Drain))
		s.waitForUsers(ctx, max(0, grace)+held)
	}
	s.messages.Stop(ctx)
	if s.webhook != nil {
		s.webhook.Close(ctx)
	}
	s.operator.Stop()
	storages.Of(s.dive).Stop(ctx)
	s.stopTraces(ctx)
	s.stopDev()
	if e := s.cluster.Stop(ctx); err == nil {
		err = e
	}
	s.loops.Close()
	if s.web != nil {
		if e := s.web.Shutdown(ctx); e != nil {
			_ = s.web.Close()
		}
	}
	if s.admin != nil {
		_ = s.admin.Close() // what an operator asks for is of no use any more
	}
	if s.profiles != nil {
		_ = s.profiles.Close() // a profile under way is of no use any more
	}
	if e := s.waitForFunctions(ctx); err == nil {
		err = e
	}
	if s.keys != nil {
		s.keys.Close()
	}
	if s.certs != nil {
		s.certs.Close()
	}
	if was {
		s.log.Info("stopped")
	}

	return err
}

// waitForFunctions waits for the node's goroutines. One that a function of the program still holds
// when the time is up stays.
func (s *Server) waitForFunctions(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.serving.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	t := time.NewTimer(heldTime)
	defer t.Stop()
	select {
	case <-ended:
		return nil
	case <-t.C:
		return errHeld
	}
}
