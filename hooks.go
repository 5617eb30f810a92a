package parley

import (
	"context"
	"errors"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/user"
)

// webhook asks another server before a message is accepted, and tells it of users who come and go.
// It asks before the program's own callbacks.
type webhook struct {
	*hook.Hook

	s        *Server
	allows   bool                           // what it cannot ask about
	replaced *xsync.Map[*user.User, []byte] // messages on their way from the receive callback to the message callback, by recipient
}

// attachHook sets the callbacks of the webhook, if there is one.
func (s *Server) attachHook() {
	if s.cfg.HookURL == "" {
		return
	}
	w := &webhook{
		Hook: hook.New(hook.Config{
			URL: s.cfg.HookURL, Secret: s.cfg.HookSecret, Timeout: s.cfg.HookTimeout, Node: s.cfg.Node, Log: s.log,
		}),
		s: s, allows: s.cfg.HookFailure == config.HookAllows, replaced: xsync.NewMap[*user.User, []byte](),
	}
	s.webhook = w
	s.dm.SetOnReceiveMessage(w.receive)
	s.dm.SetOnMessage(w.message)
	s.users.OnNew(func(u *user.User) { w.Tell(w.event("connect", u, "")) })
	s.users.OnClosed(func(u *user.User, why user.Reason) {
		w.replaced.Delete(u)
		w.Tell(w.event("disconnect", u, why.String()))
	})
}

func (w *webhook) event(kind string, u *user.User, reason string) hook.Event {
	return hook.Event{
		Kind: kind, User: u.ID, Session: u.SID, Node: w.s.NodeID(), Transport: u.Transport(), Reason: reason, At: time.Now().UTC(),
	}
}

// receive asks about a message. Those of one recipient come one after another, each followed by its
// message callback.
func (w *webhook) receive(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool {
	w.replaced.Delete(receiver)
	a, err := w.Ask(hook.Message{From: senderID, To: receiver.ID, Ver: ver, Cmd: cmd, Body: message})
	if err != nil {
		if !errors.Is(err, hook.ErrUnavailable) {
			w.s.log.Debug("the hook has not decided about a message", "error", err)
		}

		return w.allows
	}
	if a.Allowed && a.Replace != nil {
		w.replaced.Store(receiver, a.Replace)
	}

	return a.Allowed
}

// message replaces a message, if the hook said so.
func (w *webhook) message(_ uint8, _ uint16, _ []byte, _ string, receiver *user.User) []byte {
	made, _ := w.replaced.LoadAndDelete(receiver)

	return made
}

// startHook and stopHook frame the node's life.
func (s *Server) startHook() {
	if s.webhook != nil {
		s.webhook.Start()
	}
}

func (s *Server) stopHook(ctx context.Context) {
	if s.webhook != nil {
		s.webhook.Close(ctx)
	}
}
