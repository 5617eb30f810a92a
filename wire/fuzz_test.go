package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"testing/iotest"

	"github.com/parley-dm/parley/wire"
)

const fuzzMaxBody = 2048

// seed gives a fuzz target every byte string of the vectors that it decodes.
func seed(f *testing.F, payload func(frameVector) bool, malformed string) {
	f.Helper()
	v := readVectors(f)
	for _, fr := range v.Frames {
		switch {
		case malformed == "frame":
			f.Add([]byte(fr.Frame))
		case malformed == "body":
			f.Add([]byte(fr.Body))
		case payload(fr):
			f.Add([]byte(fr.Payload))
		}
	}
	for _, m := range v.Malformed {
		if m.What == malformed {
			f.Add([]byte(m.Bytes))
		}
	}
}

func FuzzParseBody(f *testing.F) {
	seed(f, nil, "body")
	f.Fuzz(func(t *testing.T, body []byte) {
		fr, err := wire.ParseBody(body)
		switch {
		case err == nil:
			if again := wire.AppendBody(nil, fr); !bytes.Equal(again, body) {
				t.Errorf("%x became %x", body, again)
			}
		case len(body) < wire.HeaderSize:
			if !errors.Is(err, wire.ErrShortFrame) {
				t.Errorf("short body: %v", err)
			}
		case !errors.Is(err, wire.ErrUnknownKind):
			t.Errorf("unexpected error %v", err)
		}
	})
}

func FuzzStream(f *testing.F) {
	seed(f, nil, "frame")
	for _, s := range readVectors(f).Streams {
		f.Add([]byte(s.Bytes))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole := wire.NewReader(bytes.NewReader(stream), fuzzMaxBody)
		bitwise := wire.NewReader(iotest.OneByteReader(bytes.NewReader(stream)), fuzzMaxBody)
		rest := stream
		for {
			body, n, err := wire.Split(rest, fuzzMaxBody)
			a, errA := whole.Next()
			b, errB := bitwise.Next()
			if (errA == nil) != (errB == nil) || !equalFrames(a, b) {
				t.Fatalf("read whole %+v, %v; bitwise %+v, %v", a, errA, b, errB)
			}
			if err != nil && !errors.Is(errA, err) {
				t.Fatalf("Split: %v, Reader: %v", err, errA)
			}
			if errA != nil {
				return
			}
			if n != wire.LengthSize+len(body) || !bytes.Equal(wire.AppendFrame(nil, a), rest[:n]) {
				t.Fatalf("body %x, n %d, frame %+v", body, n, a)
			}
			rest = rest[n:]
		}
	})
}

func FuzzParseHello(f *testing.F) {
	seed(f, func(v frameVector) bool { return v.Hello != nil }, "hello")
	f.Fuzz(func(t *testing.T, payload []byte) {
		h, err := wire.ParseHello(payload)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformedHello) || h != (wire.Hello{}) {
				t.Errorf("%+v, %v", h, err)
			}

			return
		}
		if again, err := wire.ParseHello(h.Append(nil)); err != nil || again != h {
			t.Errorf("%+v became %+v, %v", h, again, err)
		}
	})
}

func FuzzParseWelcome(f *testing.F) {
	seed(f, func(v frameVector) bool { return v.Welcome != nil }, "welcome")
	f.Fuzz(func(t *testing.T, payload []byte) {
		w, err := wire.ParseWelcome(payload)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformedWelcome) || w != (wire.Welcome{}) {
				t.Errorf("%+v, %v", w, err)
			}

			return
		}
		if again, err := wire.ParseWelcome(w.Append(nil)); err != nil || again != w {
			t.Errorf("%+v became %+v, %v", w, again, err)
		}
	})
}

func FuzzParsePeer(f *testing.F) {
	seed(f, func(v frameVector) bool { return v.Peer != nil }, "peer")
	f.Fuzz(func(t *testing.T, payload []byte) {
		peer, rest, err := wire.ParsePeer(payload)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformedPeer) {
				t.Error(err)
			}

			return
		}
		if again := append(wire.AppendPeer(nil, string(peer)), rest...); len(peer) == 0 || !bytes.Equal(again, payload) {
			t.Errorf("%x became %x", payload, again)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	seed(f, func(v frameVector) bool { return v.Response != nil }, "response")
	f.Fuzz(func(t *testing.T, payload []byte) {
		status, data, err := wire.ParseResponse(payload)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformedResponse) || len(payload) > 0 {
				t.Error(err)
			}

			return
		}
		if again := wire.AppendResponse(nil, status, data); !bytes.Equal(again, payload) {
			t.Errorf("%x became %x", payload, again)
		}
		code, text, err := wire.ParseError(data)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformedError) {
				t.Error(err)
			}

			return
		}
		if again := wire.AppendError(nil, code, text); !bytes.Equal(again[1:], data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}

func FuzzParseReconnect(f *testing.F) {
	seed(f, func(v frameVector) bool { return v.Goodbye != nil }, "")
	f.Fuzz(func(t *testing.T, text []byte) {
		after, ok := wire.ParseReconnect(text)
		if after < 0 || !ok && after != 0 {
			t.Errorf("%v, %v", after, ok)
		}
		if reason := wire.ParseReason(text); reason != "" && !json.Valid(text) {
			t.Errorf("%q is why, says %q", reason, text)
		}
	})
}
