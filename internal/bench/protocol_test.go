package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

func protocols() map[string]protocol {
	key := auth.NewKey()
	var names sync.Map
	names.Store(uint32(12), "u12@h/r")

	return map[string]protocol{
		"relay":      relayProtocol{},
		"NATS":       natsProtocol{},
		"TCP":        &parleyProtocol{key: key, prefix: "u"},
		"WebSocket":  &parleyProtocol{key: key, prefix: "u", webSocket: true},
		"MQTT":       mqttProtocol{run: "r"},
		"XMPP":       xmppProtocol{domain: "h", names: &names},
		"Centrifugo": centrifugoProtocol{path: "/ws", run: "r"},
	}
}

// pushBytes is a message as a server sends it to its user.
func pushBytes(name string, payload []byte) []byte {
	push := wire.Frame{Kind: wire.KindPush, Ver: wire.EngineVer, Cmd: wire.CommandSend, Payload: append(wire.AppendPeer(nil, "from"), payload...)}
	switch name {
	case "relay":
		t := relayProtocol{}.message(7, len(payload))
		copy(t.frame[t.payload:], payload)

		return t.frame
	case "NATS":
		return append(append([]byte("MSG user.7 1 "+strconv.Itoa(len(payload))+"\r\n"), payload...), "\r\n"...)
	case "TCP":
		return wire.AppendFrame(nil, push)
	case "MQTT":
		return mqttPacket(mqttPublish, append(mqttText(nil, "parley/bench/r-7"), payload...))
	case "XMPP":
		return fmt.Appendf(nil, "<message to='u7@h/r' from='u1@h/r'><body>%s</body></message>", payload)
	case "Centrifugo":
		return fmt.Appendf(nil, `{"push":{"channel":"r-7","pub":{"data":"%s","info":{"client":"c"}}}}`+"\n", payload)
	}
	body := wire.AppendBody(nil, push)
	if len(body) > maxShortLength {
		return append(binary.BigEndian.AppendUint16([]byte{finBit | opBinary, len16}, uint16(len(body))), body...)
	}

	return append([]byte{finBit | opBinary, byte(len(body))}, body...)
}

func TestAMessageIsFoundOnceAllOfItHasArrived(t *testing.T) {
	for name, p := range protocols() {
		for _, size := range []int{8, 64, 1000} {
			payload := bytes.Repeat([]byte{'x'}, size)
			frame := pushBytes(name, payload)
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
		p := &parleyProtocol{prefix: "u", responses: true, webSocket: ws}
		m := p.message(12, 64)
		binary.BigEndian.PutUint32(m.frame[m.id:], 77)
		body := m.frame[wire.LengthSize:]
		if ws {
			body = m.frame[6:]
		}
		f, err := wire.ParseBody(body)
		if err != nil || f.ID != 77 || f.Kind != wire.KindRequest || f.Cmd != wire.CommandSend {
			t.Errorf("%+v, %v", f, err)
		}
		if peer, rest, err := wire.ParsePeer(f.Payload); err != nil || string(peer) != "u12" || len(rest) != 64 {
			t.Errorf("%q, %d bytes, %v", peer, len(rest), err)
		}
	}
}

func TestServerFramesAreAnsweredSkippedOrErrors(t *testing.T) {
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
		{"MQTT", "\xd0\x00", "", ""},
		{"MQTT", "\x30\x03\x00\x01t", "", ""},
		{"MQTT", "\x32\x05\x00\x01t\x00\x01", "", errMQTT.Error()},
		{"MQTT", "\x30\x01\x00", "", errMQTT.Error()},
		{"MQTT", "\x30\x03\x00\x02t", "", errMQTT.Error()},
		{"MQTT", "\x30\xff\xff\xff\xff\x01", "", errMQTT.Error()},
		{"MQTT", "\x30\xff\xff\xff\x7f", "", errMQTT.Error()},
		{"MQTT", "\x20\x02\x00\x00", "", errMQTT.Error()},
		{"XMPP", " \n", "", ""},
		{"XMPP", "\n<presence from='x'/>", "", ""},
		{"XMPP", "<message type='headline'><event/></message>", "", ""},
		{"XMPP", "<iq type='result' id='1'/>", "", ""},
		{"XMPP", "<iq type='get' id='1' from='h'><ping/></iq>", "<iq type='error' id='1' to='h'><error type='cancel'>" +
			"<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", ""},
		{"XMPP", "<message type='error'><error><gone/></error></message>", "", "says <message type='error'><error><gone/></error>"},
		{"XMPP", "<stream:error>\n <conflict/></stream:error>", "", "says <stream:error> <conflict/>"},
		{"XMPP", "</stream:stream>", "", errXMPPClosed.Error()},
		{"XMPP", "<message><![CDATA[<]]></message>", "", errXMPP.Error()},
		{"XMPP", "hello", "", errXMPP.Error()},
		{"Centrifugo", "{}\n", "\x81\x82\x00\x00\x00\x00{}", ""},
		{"Centrifugo", "\n", "", ""},
		{"Centrifugo", `{"id":3,"publish":{}}` + "\n", "", ""},
		{"Centrifugo", `{"push":{"channel":"r-7","leave":{}}}` + "\n", "", ""},
		{"Centrifugo", `{"id":3,"error":{"code":103,"message":"permission denied"}}` + "\n", "", `says {"id":3,"error":{"code":103`},
		{"Centrifugo", `{"push":{"channel":"r-7","pub":{"data":1}}}` + "\n", "", errCentrifugo.Error()},
		{"Centrifugo", "hello\n", "", errCentrifugo.Error()},
		{"WebSocket", "\x88\x06\x0d\xaestop", "", errWSClosed.Error() + ": 3502 stop"},
		{"TCP", string(ping), string(pong), ""},
		{"TCP", string(accepted), "", ""},
		{"TCP", string(leaver), "", ""},
		{"TCP", string(goodbye), "", "goodbye 1001"},
		{"TCP", string(refusal), "", "user not found: gone"},
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

func TestNotFoundDiffersFromOtherErrors(t *testing.T) {
	if !notFound(&wire.Error{Code: wire.CodeUserNotFound}) || notFound(&wire.Error{Code: wire.CodeTimeout}) || notFound(errors.New("x")) || notFound(nil) {
		t.Error("mixed up")
	}
}

func TestAStampSurvivesAsBytesAndAsText(t *testing.T) {
	for name, p := range protocols() {
		for _, ns := range []uint64{0, 1, 1<<20 + 7, 1<<48 - 1} {
			m := p.message(12, stampSize)
			m.stamp(ns)
			payload := m.frame[m.payload : m.payload+stampSize]
			e := event{payload: payload, text: m.text}
			if got, err := e.stamp(); got != ns || err != nil {
				t.Errorf("%s: %d comes back as %d, %v", name, ns, got, err)
			}
			if m.text && bytes.ContainsAny(payload, "<>&'\"\\") {
				t.Errorf("%s: %q has to be escaped", name, payload)
			}
		}
	}
	_, err := event{payload: []byte("not this"), text: true}.stamp()
	wantError(t, err, errChanged.Error())
}

func FuzzNextEvent(f *testing.F) {
	for name := range protocols() {
		f.Add(name, pushBytes(name, make([]byte, 70)))
	}
	f.Add("XMPP", []byte("<?xml version='1.0'?><stream:stream a='>'><iq type='get' id='1'><ping/></iq> <message/>"))
	f.Add("Centrifugo", []byte("{}\n{\"id\":1}\n"))
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
		_, err := (&Setup{URLs: c.urls, Key: auth.NewKey()}).runningNodes()
		wantError(t, err, c.want)
	}
	_, err := (&Setup{URLs: []string{"tcp://h:1"}}).runningNodes()
	wantError(t, err, "--auth-key")
	sys, err := (&Setup{URLs: []string{"ws://h:1/ws", "ws://h:2/ws"}, Key: auth.NewKey()}).runningNodes()
	if err != nil || strings.Join(sys.addrs, " ") != "h:1 h:2" || !sys.proto.(*parleyProtocol).webSocket {
		t.Errorf("%+v, %v", sys, err)
	}
}
