package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

func TestCodecsOfTheHotPathDoNotAllocate(t *testing.T) {
	f := wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 701, ID: 9, Payload: []byte("\x03bobhello")}
	buf := make([]byte, 0, 256)
	stream := wire.AppendFrame(nil, f)
	broken := []byte{0xff, 0xff, 0xff, 0xff}
	for name, run := range map[string]func(){
		"AppendBody":     func() { buf = wire.AppendBody(buf[:0], f) },
		"AppendFrame":    func() { buf = wire.AppendFrame(buf[:0], f) },
		"AppendPeer":     func() { buf = wire.AppendPeer(buf[:0], "bob") },
		"AppendResponse": func() { buf = wire.AppendResponse(buf[:0], wire.StatusOK, f.Payload) },
		"AppendError":    func() { buf = wire.AppendError(buf[:0], wire.CodeUserNotFound, "bob") },
		"Split":          func() { _, _, _ = wire.Split(stream, 1024) },
		"Split, too long": func() {
			_, _, _ = wire.Split(broken, 1024)
		},
		"ParseBody":            func() { _, _ = wire.ParseBody(stream[wire.LengthSize:]) },
		"ParseBody, too short": func() { _, _ = wire.ParseBody(nil) },
		"ParsePeer":            func() { _, _, _ = wire.ParsePeer(f.Payload) },
		"ParseResponse":        func() { _, _, _ = wire.ParseResponse(f.Payload) },
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestAReaderDoesNotAllocatePerFrame(t *testing.T) {
	stream := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPush, Payload: make([]byte, 64)})
	r := wire.NewReader(&endless{stream: bytes.Repeat(stream, 50)}, 1024)
	if n := testing.AllocsPerRun(1000, func() { _, _ = r.Next() }); n != 0 {
		t.Errorf("Next allocates %v times", n)
	}
}

// endless repeats a stream for ever.
type endless struct {
	stream []byte
	at     int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.stream[e.at:])
	e.at = (e.at + n) % len(e.stream)

	return n, nil
}

func TestAPromisedLengthCostsNoMemory(t *testing.T) {
	const huge = 1 << 30
	in := io.MultiReader(bytes.NewReader([]byte{0x3f, 0, 0, 0, 5}), neverReader{})
	r := wire.NewReader(in, huge)
	allocated := testing.AllocsPerRun(1, func() {
		if _, err := r.Next(); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("error is %v", err)
		}
	})
	if allocated != 0 || r.Buffered() != 5 {
		t.Errorf("%v allocations, %d bytes held", allocated, r.Buffered())
	}
}

type neverReader struct{}

func (neverReader) Read([]byte) (int, error) { return 0, nil }

func TestAReaderGoesOnAfterAnErrorThatPasses(t *testing.T) {
	passing := errors.New("deadline")
	stream := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing, ID: 3})
	in := &interrupted{parts: [][]byte{stream[:6], stream[6:]}, err: passing}
	r := wire.NewReader(in, 64)
	if _, err := r.Next(); !errors.Is(err, passing) {
		t.Fatalf("error is %v", err)
	}
	if f, err := r.Next(); err != nil || f.ID != 3 {
		t.Fatalf("frame %+v, error %v", f, err)
	}
}

// interrupted fails once after its first part.
type interrupted struct {
	parts [][]byte
	err   error
	reads int
}

func (i *interrupted) Read(p []byte) (int, error) {
	i.reads++
	switch i.reads {
	case 1:
		return copy(p, i.parts[0]), nil
	case 2:
		return 0, i.err
	}

	return copy(p, i.parts[1]), nil
}

func TestAReaderRepeatsWhatIsWrongWithTheStream(t *testing.T) {
	for name, stream := range map[string]string{
		"too long":     "\xff\xff\xff\xff",
		"too short":    "\x00\x00\x00\x01\x00",
		"unknown kind": "\x00\x00\x00\x08\x63\x00\x00\x00\x00\x00\x00\x00",
	} {
		r := wire.NewReader(strings.NewReader(stream), 64)
		_, first := r.Next()
		_, second := r.Next()
		if first == nil || !errors.Is(second, first) {
			t.Errorf("%s: first %v, then %v", name, first, second)
		}
	}
}

func TestSplitTakesNoBodyWhenNoneIsAllowed(t *testing.T) {
	stream := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing})
	for _, limit := range []int{-1, 0, wire.HeaderSize - 1} {
		if _, _, err := wire.Split(stream, limit); !errors.Is(err, wire.ErrFrameTooLong) {
			t.Errorf("limit %d: error is %v", limit, err)
		}
	}
}

func TestAppendingToASplitBodyLeavesTheStreamAlone(t *testing.T) {
	one := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing, ID: 1})
	stream := wire.AppendFrame(bytes.Clone(one), wire.Frame{Kind: wire.KindPong, ID: 1})
	before := bytes.Clone(stream)
	body, _, err := wire.Split(stream, 64)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(body, "overwritten"...)
	if !bytes.Equal(stream, before) {
		t.Error("the next frame was overwritten")
	}
}

func TestOnlyServersSendWelcomeResponseAndPush(t *testing.T) {
	for k := range wire.Kind(20) {
		want := k == wire.KindWelcome || k == wire.KindResponse || k == wire.KindPush
		if k.FromServerOnly() != want {
			t.Errorf("%v: %v", k, !want)
		}
	}
}

func TestEveryConstantSaysWhatItIs(t *testing.T) {
	for _, c := range packageConstants(t) {
		var s string
		switch c.kind {
		case "Kind":
			s = wire.Kind(c.value).String()
		case "Status":
			s = wire.Status(c.value).String()
		case "Code":
			s = wire.Code(c.value).String()
		case "Goodbye":
			s = wire.Goodbye(c.value).String()
		default:
			continue
		}
		if s == "" || strings.ContainsAny(s, "0123456789") {
			t.Errorf("%s is called %q", c.name, s)
		}
	}
	for s, want := range map[string]string{
		wire.Kind(0).String(): "kind 0", wire.Kind(9).String(): "kind 9", wire.Status(3).String(): "status 3",
		wire.Code(4999).String(): "code 4999", wire.Goodbye(7).String(): "goodbye 7",
	} {
		if s != want {
			t.Errorf("unknown is called %q, want %q", s, want)
		}
	}
}

func TestAPeerThatNoByteCanMeasurePanics(t *testing.T) {
	wire.AppendPeer(nil, strings.Repeat("x", 255))
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	wire.AppendPeer(nil, strings.Repeat("x", 256))
}

func TestReconnectIsOnlyReadFromItsOwnText(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`{"reconnect_in_ms":1500}`:                1500 * time.Millisecond,
		` { "why": "x", "reconnect_in_ms": 0 } `:  0,
		`{"reconnect_in_ms":-1}`:                  -1,
		`{"reconnect_in_ms":1.5}`:                 -1,
		`{"reconnect_in_ms":"5"}`:                 -1,
		`{"reconnect_in_ms":9223372036854775807}`: -1,
		`{"reconnect_in_ms":null}`:                -1,
		`{}`:                                      -1,
		`[]`:                                      -1,
		``:                                        -1,
		`back soon`:                               -1,
	} {
		got, ok := wire.ParseReconnect([]byte(text))
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	if got := string(wire.AppendReconnect(nil, -time.Second)); got != `{"reconnect_in_ms":0}` {
		t.Errorf("a time in the past became %s", got)
	}
}

func TestAMalformedHelloDoesNotRepeatTheToken(t *testing.T) {
	for _, payload := range []string{`{"token":"s3cret"`, `{"token":["s3cret"]}`, `{"token":"s3cret"}s3cret`, `"s3cret"`} {
		_, err := wire.ParseHello([]byte(payload))
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error is %v", payload, err)
		}
	}
}
