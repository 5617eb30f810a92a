package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

func TestVectorsAreOfThisProtocolAndNamedApart(t *testing.T) {
	v := readVectors(t)
	if v.Protocol != wire.Subprotocol || v.MaxMessage != wire.DefaultMaxMessage {
		t.Errorf("vectors are for %s with max_message %d", v.Protocol, v.MaxMessage)
	}
	seen := map[string]bool{}
	name := func(n string) {
		if seen[n] {
			t.Errorf("two vectors are named %q", n)
		}
		seen[n] = true
	}
	for _, f := range v.Frames {
		name(f.Name)
	}
	for _, m := range v.Malformed {
		name(m.Name)
	}
	for _, s := range v.Streams {
		name(s.Name)
	}
}

func TestVectorsEncode(t *testing.T) {
	for _, v := range readVectors(t).Frames {
		t.Run(v.Name, func(t *testing.T) {
			f := v.fields(t)
			equal(t, "body", wire.AppendBody(nil, f), v.Body)
			equal(t, "frame", wire.AppendFrame([]byte("before"), f), append([]byte("before"), v.Frame...))
			switch {
			case v.Hello != nil:
				sameJSON(t, v.Hello.Append(nil), v.Payload)
			case v.Welcome != nil:
				sameJSON(t, v.Welcome.Append(nil), v.Payload)
			case v.Peer != nil:
				equal(t, "peer", append(wire.AppendPeer(nil, v.Peer.User), v.Peer.Rest...), v.Payload)
			case v.Error != nil:
				if v.Error.Code.Status() != v.Response.Status {
					t.Errorf("status of %d is %d, want %d", v.Error.Code, v.Error.Code.Status(), v.Response.Status)
				}
				equal(t, "error", wire.AppendError(nil, v.Error.Code, v.Error.Text), v.Payload)
			case v.Response != nil:
				equal(t, "response", wire.AppendResponse(nil, v.Response.Status, v.Response.Data), v.Payload)
			case v.Goodbye != nil && v.Goodbye.ReconnectMS != nil:
				after := time.Duration(*v.Goodbye.ReconnectMS) * time.Millisecond
				equal(t, "reconnect", wire.AppendReconnect(nil, after), v.Payload)
			}
		})
	}
}

func TestVectorsDecode(t *testing.T) {
	for _, v := range readVectors(t).Frames {
		t.Run(v.Name, func(t *testing.T) {
			want := v.fields(t)
			f, err := wire.ParseBody(v.Body)
			sameFrame(t, f, err, want)
			body, n, err := wire.Split(v.Frame, len(v.Body))
			if err != nil || n != len(v.Frame) {
				t.Fatalf("Split: n %d, error %v", n, err)
			}
			equal(t, "body in frame", body, v.Body)
			f, err = wire.NewReader(bytes.NewReader(v.Frame), len(v.Body)).Next()
			sameFrame(t, f, err, want)
			decodePayload(t, v)
		})
	}
}

func decodePayload(t *testing.T, v frameVector) {
	t.Helper()
	if v.Hello != nil {
		got, err := wire.ParseHello(v.Payload)
		same(t, got, err, *v.Hello)
	}
	if v.Welcome != nil {
		got, err := wire.ParseWelcome(v.Payload)
		same(t, got, err, *v.Welcome)
	}
	if v.Peer != nil {
		peer, rest, err := wire.ParsePeer(v.Payload)
		same(t, string(peer), err, v.Peer.User)
		equal(t, "rest", rest, v.Peer.Rest)
	}
	if v.Response != nil {
		status, data, err := wire.ParseResponse(v.Payload)
		same(t, status, err, v.Response.Status)
		equal(t, "data", data, v.Response.Data)
	}
	if v.Receipt != "" {
		r, err := wire.ParseReceipt(v.Response.Data)
		same(t, r.Result.String(), err, v.Receipt)
		equal(t, "receipt", wire.AppendReceipt(nil, r), v.Response.Data)
	}
	if v.TokenMS != nil {
		left, err := wire.ParseTokenTime(v.Response.Data)
		same(t, left.Milliseconds(), err, *v.TokenMS)
		equal(t, "token time", wire.AppendTokenTime(nil, left), v.Response.Data)
	}
	if v.Error != nil {
		code, text, err := wire.ParseError(v.Response.Data)
		same(t, code, err, v.Error.Code)
		same(t, text, err, v.Error.Text)
	}
	if v.Goodbye != nil {
		same(t, wire.Goodbye(v.Cmd), nil, v.Goodbye.Code)
		same(t, string(v.Payload), nil, v.Goodbye.Text)
		same(t, v.Goodbye.Code.ComeBack(), nil, v.Goodbye.ComeBack)
		after, ok := wire.ParseReconnect(v.Payload)
		same(t, ok, nil, v.Goodbye.ReconnectMS != nil)
		if ok {
			same(t, after.Milliseconds(), nil, *v.Goodbye.ReconnectMS)
		}
	}
}

func TestMalformedVectorsAreRefusedByName(t *testing.T) {
	byName := map[string]error{
		"ErrShortFrame": wire.ErrShortFrame, "ErrFrameTooLong": wire.ErrFrameTooLong, "ErrUnknownKind": wire.ErrUnknownKind,
		"ErrMalformedHello": wire.ErrMalformedHello, "ErrMalformedWelcome": wire.ErrMalformedWelcome,
		"ErrMalformedPeer": wire.ErrMalformedPeer, "ErrMalformedResponse": wire.ErrMalformedResponse,
		"ErrMalformedError": wire.ErrMalformedError, "ErrMalformedToken": wire.ErrMalformedToken,
	}
	used := map[string]bool{}
	v := readVectors(t)
	for _, m := range v.Malformed {
		t.Run(m.Name, func(t *testing.T) {
			used[m.Error] = true
			var err error
			switch m.What {
			case "frame":
				_, err = wire.NewReader(bytes.NewReader(m.Bytes), v.MaxMessage+wire.FrameRoom).Next()
			case "body":
				_, err = wire.ParseBody(m.Bytes)
			case "hello":
				_, err = wire.ParseHello(m.Bytes)
			case "welcome":
				_, err = wire.ParseWelcome(m.Bytes)
			case "peer":
				_, _, err = wire.ParsePeer(m.Bytes)
			case "response":
				_, _, err = wire.ParseResponse(m.Bytes)
			case "error":
				_, _, err = wire.ParseError(m.Bytes)
			case "token time":
				_, err = wire.ParseTokenTime(m.Bytes)
			default:
				t.Fatalf("nothing decodes %q", m.What)
			}
			if want := byName[m.Error]; want == nil || !errors.Is(err, want) {
				t.Errorf("error is %v, want %s", err, m.Error)
			}
		})
	}
	for name := range byName {
		if !used[name] {
			t.Errorf("no malformed vector expects %s", name)
		}
	}
}

func TestStreamVectorsSplit(t *testing.T) {
	v := readVectors(t)
	for _, s := range v.Streams {
		t.Run(s.Name, func(t *testing.T) {
			rest := []byte(s.Bytes)
			for _, want := range s.Bodies {
				body, n, err := wire.Split(rest, v.MaxMessage+wire.FrameRoom)
				if err != nil || n == 0 {
					t.Fatalf("n %d, error %v, want %x", n, err, want)
				}
				equal(t, "body", body, want)
				rest = rest[n:]
			}
			if _, n, err := wire.Split(rest, v.MaxMessage+wire.FrameRoom); n != 0 || err != nil || len(rest) != s.Rest {
				t.Errorf("%d bytes left with n %d, error %v, want %d", len(rest), n, err, s.Rest)
			}
			r := wire.NewReader(bytes.NewReader(s.Bytes), v.MaxMessage+wire.FrameRoom)
			for range s.Bodies {
				if _, err := r.Next(); err != nil {
					t.Fatal(err)
				}
			}
			end := io.EOF
			if s.Rest > 0 {
				end = io.ErrUnexpectedEOF
			}
			if _, err := r.Next(); !errors.Is(err, end) {
				t.Errorf("after the last frame: %v, want %v", err, end)
			}
		})
	}
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%x, want\n%x", what, got, want)
	}
}

func same[T comparable](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}
}

func sameFrame(t *testing.T, got wire.Frame, err error, want wire.Frame) {
	t.Helper()
	if err != nil || !bytes.Equal(got.Payload, want.Payload) {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}
	got.Payload, want.Payload = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var a, b any
	if err := errors.Join(json.Unmarshal(got, &a), json.Unmarshal(want, &b)); err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
}
