package bench

import (
	"strconv"

	"github.com/parley-dm/parley/wire"
)

// Attacks by well-formed frames, as fast as the connections take them.

// attackFlood has some clients flood user 0.
func attackFlood(t *target, clients, size int) {
	t.addClient(0, 0, false, t.readAll)
	frames, count := repeat(t.frames(size, 0))
	for i := range clients {
		t.addClient(uint32(1+i), 0, false, func(c *conn) {
			t.tasks.Go(func() { t.readAll(c) })
			t.flood(c, frames, count)
		})
	}
}

// attackPings sends pings and reads the pongs.
func attackPings(t *target) {
	t.unit = "pings"
	frames, count := repeat(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing, ID: 1}))
	t.addClient(0, 0, false, func(c *conn) {
		t.tasks.Go(func() { t.readAll(c) })
		t.flood(c, frames, count)
	})
}

// unknownCommand is a request that is answered with an error.
func unknownCommand() []byte {
	return wire.AppendFrame(nil, wire.Frame{Kind: wire.KindRequest, Ver: 9, Cmd: 999, ID: 1})
}

func attackUnknownCommands(t *target) {
	t.unit = "requests"
	frames, count := repeat(unknownCommand())
	for i := range 2 {
		t.addClient(uint32(i), 0, false, func(c *conn) {
			t.tasks.Go(func() { t.readAll(c) })
			t.flood(c, frames, count)
		})
	}
}

func attackUnreadResponses(t *target) {
	t.unit = "requests"
	frames, count := repeat(unknownCommand())
	for i := range 20 {
		t.addClient(uint32(i), 0, false, func(c *conn) { t.flood(c, frames, count) })
	}
}

// attackStalledReaders floods users 0 to 99, which do not read.
func attackStalledReaders(t *target) {
	const readers, floods, size = 100, 4, 1024
	users := make([]uint32, readers)
	for i := range users {
		users[i] = uint32(i)
		t.addClient(users[i], 0, false, t.readNothing)
	}
	frames := t.frames(size, users...)
	for i := range floods {
		t.addClient(uint32(readers+i), 0, false, func(c *conn) {
			t.tasks.Go(func() { t.readAll(c) })
			t.flood(c, frames, readers)
		})
	}
}

// attackManyRecipients writes to users of the second node in turn.
func attackManyRecipients(t *target) {
	recipients := t.atMost(3000)
	users := make([]uint32, recipients)
	for i := range users {
		users[i] = uint32(1 + i)
		t.addClient(users[i], 1, false, t.readAll)
	}
	frames := t.frames(honestSize, users...)
	t.addClient(0, 0, false, func(c *conn) {
		t.tasks.Go(func() { t.readAll(c) })
		t.flood(c, frames, recipients)
	})
}

// attackUnreadPushes has each client send to the next one, and read nothing.
func attackUnreadPushes(t *target) {
	const clients, size = 300, 16 << 10
	for i := range clients {
		frames := t.frames(size, uint32((i+1)%clients))
		t.addClient(uint32(i), 0, false, func(c *conn) { t.flood(c, frames, 1) })
	}
}

// attackAbsentLookups sends to users that are not connected, each another one.
func attackAbsentLookups(t *target) {
	t.unit = "lookups"
	const batch = 400
	t.addClient(0, 0, false, func(c *conn) {
		t.tasks.Go(func() { t.readAll(c) })
		frames := make([]byte, 0, batch*(honestSize+64))
		for n := 0; t.conns.Err() == nil; n += batch {
			frames = frames[:0]
			for i := range batch {
				peer := wire.AppendPeer(nil, t.prefix+"absent-"+strconv.Itoa(n+i))
				frames = wire.AppendFrame(frames, wire.Frame{
					Kind: wire.KindRequest, Ver: wire.EngineVer, Cmd: wire.CommandSend, ID: uint32(n + i + 1), Payload: append(peer, "hello"...),
				})
			}
			if c.write(frames) != nil {
				return
			}
			t.work.Add(batch)
		}
	})
}
