package dm

import "github.com/parley-dm/parley/wire"

// Stats counts what has happened on this node since its start. Each item that was sent (messages,
// connects, and ends of channels) ends in exactly one of the outcomes.
type Stats struct {
	Sent     uint64 // messages and connects that users of this node sent and that were not refused at once
	Received uint64 // items that came to users of this node, before any callback
	Lookups  uint64 // lookups that messages of this node needed

	Delivered uint64 // see the Result of that name
	Declined  uint64
	Dropped   uint64

	TimedOut      uint64 // ErrReliableTimeout
	Nil           uint64 // ErrMessageNil
	NodesNotFound uint64 // ErrNodesNotFound
	UserNotFound  uint64 // ErrUserNotFound
	TooLarge      uint64 // ErrMessageTooLarge
	RecipientBusy uint64 // ErrRecipientBusy
	Overloaded    uint64 // ErrOverloaded
	Internal      uint64 // ErrInternal
	Malformed     uint64 // ErrNoSender and ErrBadUserID

	Panics uint64 // callbacks that have panicked
}

// Stats returns the module's counters. They are read one after another: a sum may be off by what
// happens meanwhile.
func (m *Module) Stats() Stats {
	c := m.runtime.Stats()

	return Stats{
		Sent: c.Sent, Received: c.Received, Lookups: c.Lookups,
		Delivered: c.Result(wire.Delivered), Declined: c.Result(wire.Declined), Dropped: c.Result(wire.Dropped),
		TimedOut: c.Code(wire.CodeTimeout), Nil: c.Code(wire.CodeMessageNil), NodesNotFound: c.Code(wire.CodeNodesNotFound),
		UserNotFound: c.Code(wire.CodeUserNotFound), TooLarge: c.Code(wire.CodeTooLarge), RecipientBusy: c.Code(wire.CodeRecipientBusy),
		Overloaded: c.Code(wire.CodeOverloaded), Internal: c.Code(wire.CodeInternal), Malformed: c.Malformed,
		Panics: c.Panics,
	}
}
