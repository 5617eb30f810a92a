package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// Attacks by frames that no well-behaved client sends.

const wsOpContinuation = 0

// emptyFragment is a masked WebSocket frame with nothing in it that another one continues.
func emptyFragment(op byte) []byte {
	frame := webSocketFrame(op, nil)
	frame[0] &^= finBit

	return frame
}

// attackFragments begins a message and continues it with nothing.
func attackFragments(t *target) {
	t.unit = "fragments"
	frames, count := repeat(emptyFragment(wsOpContinuation))
	for i := range 4 {
		t.addClient(uint32(i), 0, true, func(c *conn) {
			t.tasks.Go(func() { t.readAll(c) })
			if c.write(emptyFragment(opBinary)) == nil {
				t.flood(c, frames, count)
			}
		})
	}
}

// attackControlFrames sends pings, whose pongs are read, and pongs.
func attackControlFrames(t *target) {
	t.unit = "control frames"
	frames, count := repeat(append(webSocketFrame(opPing, []byte("are you there")), webSocketFrame(opPong, nil)...))
	for i := range 4 {
		t.addClient(uint32(i), 0, true, func(c *conn) {
			t.tasks.Go(func() { t.readAll(c) })
			t.flood(c, frames, 2*count)
		})
	}
}

// attackByteWrites floods user 0 with messages that are written a byte at a time.
func attackByteWrites(t *target) {
	t.unit = "writes"
	t.addClient(0, 0, false, t.readAll)
	frame := t.frames(honestSize, 0)
	for i := range 20 {
		t.addClient(uint32(1+i), 0, false, func(c *conn) {
			t.tasks.Go(func() { t.readAll(c) })
			for t.conns.Err() == nil {
				for at := range frame {
					if c.write(frame[at:at+1]) != nil {
						return
					}
					t.work.Add(1)
				}
			}
		})
	}
}

// attackGiantFrames claims frames of 4 GB, and of more by WebSocket, and sends what the node takes
// of them. A client that is closed comes back.
func attackGiantFrames(t *target) {
	t.unit = "frames"
	stream := bytes.Repeat([]byte{0xff}, 64<<10)
	socket := append([]byte{finBit | opBinary, maskBit | len64}, binary.BigEndian.AppendUint64(nil, 1<<62)...)
	socket = append(socket, stream...)
	for i := range 8 {
		web, frame := i%2 == 1, stream
		if web {
			frame = socket
		}
		t.addClient(uint32(i), 0, web, func(c *conn) {
			t.work.Add(1)
			t.tasks.Go(func() {
				for c.write(frame) == nil { //nolint:revive // until the node closes the connection
				}
			})
			t.readAll(c)
		})
	}
}

// addStranger runs do with one connection after another, without a login. The attack begins when
// each stranger has tried once.
func (t *target) addStranger(address int, web bool, do func(c *conn)) {
	t.entering.Add(1)
	t.tasks.Go(func() {
		entered := sync.OnceFunc(t.entering.Done)
		defer entered()
		for t.conns.Err() == nil {
			raw, err := t.dial(0, web, loopbackAddr(strangerNetwork, 1+address))
			entered()
			if err == nil {
				c := &conn{raw: raw}
				unwatched := context.AfterFunc(t.conns, c.close)
				t.work.Add(1)
				t.open.Add(1)
				do(c)
				t.open.Add(-1)
				unwatched()
				c.close()
			} else {
				t.failed(err)
			}
			sleep(t.conns, reconnectPause)
		}
	})
}

// countOpen has the outcome say how many of the strangers' connections are open at the end.
func (t *target) countOpen() {
	t.unit = "connections"
	t.atEnd = func() string { return fmt.Sprintf("%d connections are open at the end", t.open.Load()) }
}

const (
	strangerNetwork   = 15 // 127.0.15.x
	strangerAddresses = 8
)

// attackDevices logs one user in from several connections at once, half of them on each node. The
// nodes close the older ones.
func attackDevices(t *target) {
	t.unit = "logins"
	const devices = 20
	for i := range devices {
		t.tasks.Go(func() {
			<-t.begin
			for t.conns.Err() == nil {
				err := t.withLogin(0, i%abuseNodes, false, func(c *conn) {
					t.work.Add(1)
					t.readAll(c)
				})
				if err != nil {
					sleep(t.conns, reconnectPause)
				}
			}
		})
	}
}

// attackSlowHello sends hellos, a byte at a time.
func attackSlowHello(t *target) {
	t.countOpen()
	const connections, interval = 1000, 100 * time.Millisecond
	hello := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindHello, Payload: wire.Hello{Token: string(textPayload(4000))}.Append(nil)})
	for i := range t.atMost(connections) {
		t.addStranger(i%strangerAddresses, false, func(c *conn) {
			for at := range hello {
				if c.write(hello[at:at+1]) != nil || !sleep(t.conns, interval) {
					return
				}
			}
		})
	}
}

// attackHalfOpen connects from one address and says nothing, until the node closes the connection.
func attackHalfOpen(t *target) {
	t.countOpen()
	const connections = 9000
	for range t.atMost(connections) {
		t.addStranger(0, false, func(c *conn) {
			for c.fill() == nil {
				c.r = c.w
			}
		})
	}
}

// attackStrangerFrames floods WebSocket connections that have no login with pings and fragments.
func attackStrangerFrames(t *target) {
	t.unit = "connections"
	const connections = 8
	for i := range connections {
		frames, _ := repeat(webSocketFrame(opPing, []byte("are you there")))
		begin := frames[:0:0]
		if i%2 == 0 {
			begin = emptyFragment(opBinary)
			frames, _ = repeat(emptyFragment(wsOpContinuation))
		}
		t.addStranger(i, true, func(c *conn) {
			if upgrade(c, "/ws", wire.Subprotocol) != nil || c.write(begin) != nil {
				return
			}
			t.tasks.Go(func() {
				for c.fill() == nil {
					c.r = c.w
				}
			})
			for c.write(frames) == nil { //nolint:revive // until the node closes the connection
			}
		})
	}
}
