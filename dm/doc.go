// Package dm carries direct messages from one user to another, by user ID, whichever node of the
// cluster each is connected to.
//
// A server of a game or a chat uses it like this:
//
//	dm.Setup("configs/dm.json")           // optional: the defaults are good
//	dm.ExposeCommands()                   // optional: clients may send by themselves
//	dm.SetOnReceiveMessage(mayReceive)    // optional: which users may write to each other
//	...
//	dm.SendMessageByUserID(sender, "bob", 2, 11, []byte("hello"), func(err error) { ... })
//
// or, with a context and a receipt, on a module of its own:
//
//	receipt, err := server.DM().Send(ctx, sender, "bob", dm.Message{Ver: 2, Cmd: 11, Body: []byte("hello")})
//
// # The path of a message
//
//	sender's node                                      recipient's node
//	─────────────                                      ────────────────
//	Send ─▶ session ── first ──▶ directory: where is the recipient?
//	           │ ◀──── place ───────┘
//	           ├── FindData, the first message to a place ──▶ link ─▶ session
//	           └── SendData, all later ones ────────────────▶ link ─▶    │ taken, in order
//	                                                                     ▼
//	                                               SetOnReceiveMessage, SetOnMessage
//	                                                                     │
//	cb, Receipt ◀─ outcome ◀─ session ◀── answer ─── link ◀── written ◀── client's connection
//
// Between users of one node the same path is function calls. Package dm/internal/core has the
// rules: how order is kept and why nothing comes twice.
//
// # Channels
//
// Two users have a channel once a message between them was accepted: each side remembers where the
// other is. It ends when one of them ends it (ClearCacheByUserID), leaves, or is on a node that
// dies: the user who stayed is told, by a last message or by SetOnClearCache. It does not end when
// a user logs in anew: the newer session takes it over. Channels that are not used for a while, or
// are too many, are dropped in silence; the next message finds its way again.
//
// # Callbacks
//
// All callbacks are set before the node starts. Those of one user run one after another, in the
// order of what caused them; those of different users side by side. A callback that blocks delays
// its own user only; one that panics is logged, counted, and costs that one message (ErrInternal).
// All of them may call the functions of this package.
//
// What a callback gets of a message is its own only until it returns: copy what is to be kept.
//
// # Errors
//
// Each message ends in nil or in an [*Error] with one of the Err values, which errors.Is tells
// apart; [CodeOf] is what a client is told. Nil includes messages that were declined or emptied:
// [Module.Send] returns a [Receipt].
//
// # Servers as senders
//
// A user made by user.CreateBlankUser has no client. It may send from any number of nodes at once,
// with any user ID, also that of a connected user, without a conflict with that user or with each
// other. Its messages arrive in order for each node, blank user and recipient. It has no channels,
// is found by no message, and holds nothing once its messages have their outcomes; each burst of
// messages costs a lookup.
//
// # Limits
//
// A user may have 1024 messages to one peer, and 65,536 or 8 MiB to all, without an outcome, and
// 4096 outcomes that its callbacks have not taken: beyond that ErrOverloaded. 4096 messages or 8
// MiB may wait for one user's callbacks: beyond that ErrRecipientBusy. An end of a channel is never
// refused; where its last message finds no room, or is too large for the peer, it goes without.
// Only Disconnect, whose caller waits, ends nothing then, and says so with ErrOverloaded.
// docs/promises.md lists all bounds, and what they are in memory.
//
// A message that was on its way on a link that has ended, or whose answer is lost, ends in
// ErrReliableTimeout and is not sent again: it may have arrived. What a session has not sent yet
// when a newer login replaces it ends in ErrReliableTimeout as well, and is not sent.
//
// A session that has left stays registered until all that it has sent is answered or on links that
// have ended. A recipient's callback that never returns keeps it there, until the recipient's node
// stops.
//
// Messages are not stored: a user who is not connected gets ErrUserNotFound.
package dm
