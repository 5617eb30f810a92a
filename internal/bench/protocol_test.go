package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

func protocols() map[string]protocol {
	key := auth.NewKey()

	return map[string]protocol{
		"relay":     relayProtocol{},
		"NATS":      natsProtocol{},
		"TCP":       &parleyProtocol{key: key, prefix: "u"},
		"WebSocket": &parleyProtocol{key: key, prefix: "u", webSocket: true},
	}
}

// arriving is a message as a server sends it to its user.
func arriving(name string, payload []byte) []byte {
	push := wire.Frame{Kind: wire.KindPush, Ver: verSend, Cmd: cmdSend, Payload: append(wire.AppendPeer(nil, "from"), payload...)}
	switch name {
	case "relay":
		t := relayProtocol{}.message(7, len(payload))
		copy(t.frame[t.payload:], payload)

		return t.frame
	case "NATS":
		return append(append([]byte("MSG user.7 1 "+strconv.Itoa(len(payload))+"\r\n"), payload...), "\r\n"...)
	case "TCP":
		return wire.AppendFrame(nil, push)
	}
	body := wire.AppendBody(nil, push)
	if len(body) > shortWS {
		return append(binary.BigEndian.AppendUint16([]byte{finBit | opBinary, len16}, uint16(len(body))), body...)
	}

	return append([]byte{finBit | opBinary, byte(len(body))}, body...)
}

func TestAMessageIsFoundOnceAllOfItHasArrived(t *testing.T) {
	for name, p := range protocols() {
		for _, size := range []int{8, 64, 1000} {
			payload := bytes.Repeat([]byte{'x'}, size)
			frame := arriving(name, payload)
			for n := range frame {
				if e, used, err := p.next(frame[:n]); used != 0 || err != nil || e.payload != nil {
					t.Fatalf("%s: %d of %d bytes are %+v, %d, %v", name, n, len(frame), e, used, err)
				}
			}
			e, used, err := p.next(append(frame, "behind"...))
			if err != nil || used != len(frame) || !bytes.Equal(e.payload, payload) {
				t.Errorf("%s: %+v, %d, %v", name, e, used, err)
			}
		}
	}
}

func TestATemplateHasItsPayloadWhereItSays(t *testing.T) {
	for name, p := range protocols() {
		for _, size := range []int{8, 64, 70, 40000} {
			m := p.message(12, size)
			copy(m.frame[m.payload:], bytes.Repeat([]byte{'x'}, size))
			if got := bytes.Count(m.frame, []byte{'x'}); got != size {
				t.Errorf("%s: room for %d bytes of %d", name, got, size)
			}
		}
	}
}

func TestARequestThatWantsAResponseHasItsID(t *testing.T) {
	for _, ws := range []bool{false, true} {
		p := &parleyProtocol{prefix: "u", ack: true, webSocket: ws}
		m := p.message(12, 64)
		binary.BigEndian.PutUint32(m.frame[m.id:], 77)
		body := m.frame[wire.LengthSize:]
		if ws {
			body = m.frame[6:]
		}
		f, err := wire.ParseBody(body)
		if err != nil || f.ID != 77 || f.Kind != wire.KindRequest || f.Cmd != cmdSend {
			t.Errorf("%+v, %v", f, err)
		}
		if peer, rest, err := wire.ParsePeer(f.Payload); err != nil || string(peer) != "u12" || len(rest) != 64 {
			t.Errorf("%q, %d bytes, %v", peer, len(rest), err)
		}
	}
}

func TestWhatServersSayIsAnsweredSkippedOrAnError(t *testing.T) {
	goodbye := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(wire.GoodbyeStopping)})
	refusal := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindResponse, ID: 1, Payload: wire.AppendError(nil, wire.CodeUserNotFound, "gone")})
	accepted := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindResponse, ID: 1, Payload: wire.AppendResponse(nil, wire.StatusOK, nil)})
	ping := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing, ID: 5})
	pong := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPong, ID: 5})
	leaver := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: 700, Payload: wire.AppendPeer(nil, "x")})
	for _, c := range []struct{ name, in, reply, err string }{
		{"NATS", "PING\r\n", "PONG\r\n", ""},
		{"NATS", "+OK\r\n", "", ""},
		{"NATS", "INFO {}\r\n", "", ""},
		{"NATS", "MSG user.1 1 reply 8\r\n12345678\r\n", "", ""},
		{"NATS", "-ERR 'no'\r\n", "", "-ERR 'no'"},
		{"NATS", "MSG user.1 1 x\r\n", "", errNATS.Error()},
		{"NATS", "MSG user.1 1 99999999\r\n", "", errNATS.Error()},
		{"NATS", "HTTP/1.1 400\r\n", "", errNATS.Error()},
		{"relay", "\x00\x00\x00\x01....", "", errRelay.Error()},
		{"relay", "\xff\x00\x00\x01....", "", errRelay.Error()},
		{"WebSocket", "\x89\x02hi", "\x8a\x82\x00\x00\x00\x00hi", ""},
		{"WebSocket", "\x8a\x00", "", ""},
		{"WebSocket", "\x88\x00", "", errWSClosed.Error()},
		{"WebSocket", "\x81\x02hi", "", errWebSocket.Error()},
		{"WebSocket", "\x02\x02hi", "", errWebSocket.Error()},
		{"WebSocket", "\x82\x82hi", "", errWebSocket.Error()},
		{"WebSocket", "\x82\x7f\x01\x00\x00\x00\x00\x00\x00\x00", "", errWebSocket.Error()},
		{"TCP", string(ping), string(pong), ""},
		{"TCP", string(accepted), "", ""},
		{"TCP", string(leaver), "", ""},
		{"TCP", string(goodbye), "", "goodbye 1001"},
		{"TCP", string(refusal), "", "5004 user not found (gone)"},
		{"TCP", "HTTP/1.1", "", wire.ErrFrameTooLong.Error()},
	} {
		e, n, err := protocols()[c.name].next([]byte(c.in))
		if c.err != "" {
			wantError(t, err, c.err)
		} else if err != nil || n != len(c.in) || string(e.reply) != c.reply {
			t.Errorf("%s: %q is %+v, %d, %v", c.name, c.in, e, n, err)
		}
	}
}

func TestNotFoundIsToldFromOtherRefusals(t *testing.T) {
	if !notFound(&refused{wire.CodeUserNotFound, ""}) || notFound(&refused{wire.CodeTimeout, ""}) || notFound(errors.New("x")) || notFound(nil) {
		t.Error("mixed up")
	}
}

func FuzzWhatArrives(f *testing.F) {
	for name := range protocols() {
		f.Add(name, arriving(name, make([]byte, 70)))
	}
	f.Add("NATS", []byte("PING\r\n-ERR\r\n"))
	f.Add("WebSocket", []byte("\x89\x02hi\x88\x00"))
	all := protocols()
	f.Fuzz(func(t *testing.T, name string, in []byte) {
		p := all[name]
		if p == nil {
			return
		}
		for len(in) > 0 {
			e, n, err := p.next(in)
			if n < 0 || n > len(in) || len(e.payload) > n || err == nil && n == 0 && (e.payload != nil || e.reply != nil) {
				t.Fatalf("%d bytes are %+v, %d, %v", len(in), e, n, err)
			}
			if err != nil || n == 0 {
				return
			}
			in = in[n:]
		}
	})
}

func TestAddressesOfRunningNodesAreChecked(t *testing.T) {
	for _, c := range []struct {
		urls []string
		want string
	}{
		{[]string{"127.0.0.1:7200"}, "write tcp://host:port"},
		{[]string{"tls://h:1"}, "write tcp://host:port"},
		{[]string{"tcp://h:1", "ws://h:2/ws"}, "all of them as tcp://"},
	} {
		_, err := (&Setup{URLs: c.urls, Key: auth.NewKey()}).running()
		wantError(t, err, c.want)
	}
	_, err := (&Setup{URLs: []string{"tcp://h:1"}}).running()
	wantError(t, err, "--auth-key")
	sys, err := (&Setup{URLs: []string{"ws://h:1/ws", "ws://h:2/ws"}, Key: auth.NewKey()}).running()
	if err != nil || strings.Join(sys.addrs, " ") != "h:1 h:2" || !sys.proto.(*parleyProtocol).webSocket {
		t.Errorf("%+v, %v", sys, err)
	}
}
