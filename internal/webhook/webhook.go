package webhook

import (
	"errors"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/user"
)

// Webhook asks another server before a message is accepted, and tells it of users who come and go.
type Webhook struct {
	*hook.Hook

	cfg      Config
	replaced *xsync.Map[*user.User, []byte] // messages on their way from the receive callback to the message callback, by recipient
}

// Config is what a webhook knows of its node.
type Config struct {
	Hook  hook.Config
	Allow bool   // what it cannot ask about
	Node  string // name and incarnation
	DM    *dm.Module
	Users *user.Registry
}

// Attach sets the callbacks. It asks nothing, and keeps what it is to tell, until Start.
func Attach(cfg Config) *Webhook {
	w := &Webhook{Hook: hook.New(cfg.Hook), cfg: cfg, replaced: xsync.NewMap[*user.User, []byte]()}
	cfg.DM.SetOnReceiveMessage(w.receive)
	cfg.DM.SetOnMessage(w.message)
	cfg.Users.OnNew(func(u *user.User) { w.Tell(w.event("connect", u, "")) })
	cfg.Users.OnClosed(func(u *user.User, why user.Reason) {
		w.replaced.Delete(u)
		w.Tell(w.event("disconnect", u, why.String()))
	})

	return w
}

func (w *Webhook) event(kind string, u *user.User, reason string) hook.Event {
	return hook.Event{
		Kind: kind, User: u.ID, Session: u.SID, Node: w.cfg.Node, Transport: u.Transport(), Reason: reason, At: time.Now().UTC(),
	}
}

// receive asks about a message. Those of one recipient come one after another, each followed by its
// message callback.
func (w *Webhook) receive(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool {
	w.replaced.Delete(receiver)
	a, err := w.Ask(hook.Message{From: senderID, To: receiver.ID, Ver: ver, Cmd: cmd, Body: message})
	if err != nil {
		if !errors.Is(err, hook.ErrUnavailable) {
			w.cfg.Hook.Log.Debug("the hook has not decided about a message", "error", err)
		}

		return w.cfg.Allow
	}
	if a.Allowed && a.Replace != nil {
		w.replaced.Store(receiver, a.Replace)
	}

	return a.Allowed
}

// message replaces a message, if the hook said so.
func (w *Webhook) message(_ uint8, _ uint16, _ []byte, _ string, receiver *user.User) []byte {
	made, _ := w.replaced.LoadAndDelete(receiver)

	return made
}
