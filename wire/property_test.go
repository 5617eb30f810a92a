package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/wire"
)

var anyFrame = rapid.Custom(func(t *rapid.T) wire.Frame {
	return wire.Frame{
		Kind:    wire.Kind(rapid.IntRange(1, 8).Draw(t, "kind")),
		Ver:     rapid.Uint8().Draw(t, "ver"),
		Cmd:     rapid.Uint16().Draw(t, "cmd"),
		ID:      rapid.Uint32().Draw(t, "id"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload"),
	}
})

func equalFrames(a, b wire.Frame) bool {
	return a.Kind == b.Kind && a.Ver == b.Ver && a.Cmd == b.Cmd && a.ID == b.ID && bytes.Equal(a.Payload, b.Payload)
}

func TestAFrameDecodesToWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFrame.Draw(t, "frame")
		got, err := wire.ParseBody(wire.AppendBody(nil, f))
		if err != nil || !equalFrames(got, f) {
			t.Fatalf("got %+v, error %v", got, err)
		}
		stream := wire.AppendFrame(nil, f)
		body, n, err := wire.Split(stream, wire.HeaderSize+len(f.Payload))
		if err != nil || n != len(stream) || !bytes.Equal(body, wire.AppendBody(nil, f)) {
			t.Fatalf("body %x, n %d, error %v", body, n, err)
		}
		if _, _, err := wire.Split(stream, wire.HeaderSize+len(f.Payload)-1); err == nil {
			t.Fatal("a body one byte over the limit was let through")
		}
	})
}

func TestAStreamCutAnywhereNeedsMoreOrGivesTheFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := wire.AppendFrame(nil, anyFrame.Draw(t, "frame"))
		cut := rapid.IntRange(0, len(stream)).Draw(t, "cut")
		_, n, err := wire.Split(stream[:cut], len(stream))
		if err != nil || (n == 0) != (cut < len(stream)) {
			t.Fatalf("cut at %d of %d: n %d, error %v", cut, len(stream), n, err)
		}
	})
}

func TestAReaderGivesTheFramesHoweverTheStreamArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(anyFrame, 0, 40).Draw(t, "frames")
		var stream []byte
		for _, f := range frames {
			stream = wire.AppendFrame(stream, f)
		}
		var in io.Reader = bytes.NewReader(stream)
		switch rapid.IntRange(0, 3).Draw(t, "arrives") {
		case 0:
			in = iotest.OneByteReader(in)
		case 1:
			in = iotest.HalfReader(in)
		case 2:
			in = iotest.DataErrReader(in)
		}
		r := wire.NewReader(in, 308)
		for i, want := range frames {
			got, err := r.Next()
			if err != nil || !equalFrames(got, want) {
				t.Fatalf("frame %d: got %+v, error %v, want %+v", i, got, err, want)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("at the end: %v", err)
		}
	})
}

func TestPayloadsDecodeToWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		id := rapid.StringN(1, 128, 255).Draw(t, "peer")
		peer, gotRest, err := wire.ParsePeer(append(wire.AppendPeer(nil, id), rest...))
		if err != nil || string(peer) != id || !bytes.Equal(gotRest, rest) {
			t.Fatalf("peer %q, rest %x, error %v", peer, gotRest, err)
		}

		status := wire.Status(rapid.Uint8().Draw(t, "status"))
		gotStatus, data, err := wire.ParseResponse(wire.AppendResponse(nil, status, rest))
		if err != nil || gotStatus != status || !bytes.Equal(data, rest) {
			t.Fatalf("status %v, data %x, error %v", gotStatus, data, err)
		}

		code, text := wire.Code(rapid.Uint16().Draw(t, "code")), rapid.String().Draw(t, "text")
		gotStatus, data, err = wire.ParseResponse(wire.AppendError(nil, code, text))
		gotCode, gotText, err2 := wire.ParseError(data)
		if errors.Join(err, err2) != nil || gotStatus != code.Status() || gotCode != code || gotText != text {
			t.Fatalf("status %v, code %v, text %q, errors %v %v", gotStatus, gotCode, gotText, err, err2)
		}

		hello := wire.Hello{Token: rapid.String().Draw(t, "token"), Client: rapid.String().Draw(t, "client")}
		if got, err := wire.ParseHello(hello.Append(nil)); err != nil || got != hello {
			t.Fatalf("hello %+v, error %v", got, err)
		}
		welcome := wire.Welcome{
			User: id, Session: text, Node: hello.Client,
			HeartbeatMS: rapid.Int().Draw(t, "heartbeat"), MaxMessage: rapid.Int().Draw(t, "max"),
		}
		if got, err := wire.ParseWelcome(welcome.Append(nil)); err != nil || got != welcome {
			t.Fatalf("welcome %+v, error %v", got, err)
		}

		after := time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "ms")) * time.Millisecond
		if got, ok := wire.ParseReconnect(wire.AppendReconnect(nil, after)); !ok || got != after {
			t.Fatalf("reconnect %v, %v, want %v", got, ok, after)
		}
		reason := rapid.String().Draw(t, "reason")
		because := wire.AppendReason(nil, after, reason)
		if got, ok := wire.ParseReconnect(because); !ok || got != after || wire.ParseReason(because) != reason {
			t.Fatalf("%s: reconnect %v, %v, want %v; reason %q, want %q", because, got, ok, after, wire.ParseReason(because), reason)
		}
	})
}
