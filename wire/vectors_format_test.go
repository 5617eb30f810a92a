package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-dm/parley/wire"
)

// hexBytes is bytes that stand in the vectors as hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b

	return err
}

type vectors struct {
	Protocol   string            `json:"protocol"`
	MaxMessage int               `json:"max_message"`
	Frames     []frameVector     `json:"frames"`
	Malformed  []malformedVector `json:"malformed"`
	Streams    []streamVector    `json:"streams"`
}

type frameVector struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Ver     uint8    `json:"ver"`
	Cmd     uint16   `json:"cmd"`
	ID      uint32   `json:"id"`
	Payload hexBytes `json:"payload"`
	Body    hexBytes `json:"body"`
	Frame   hexBytes `json:"frame"`

	Hello   *wire.Hello   `json:"hello"`
	Welcome *wire.Welcome `json:"welcome"`
	Peer    *struct {
		User string   `json:"user"`
		Rest hexBytes `json:"rest"`
	} `json:"peer"`
	Response *struct {
		Status wire.Status `json:"status"`
		Data   hexBytes    `json:"data"`
	} `json:"response"`
	Receipt string `json:"receipt"` // of a response to 701 or 702, in words
	Error   *struct {
		Code wire.Code `json:"code"`
		Text string    `json:"text"`
	} `json:"error"`
	TokenMS *int64 `json:"token_ms"`
	Goodbye *struct {
		Code        wire.Goodbye `json:"code"`
		Text        string       `json:"text"`
		ComeBack    bool         `json:"come_back"`
		ReconnectMS *int64       `json:"reconnect_in_ms"`
	} `json:"goodbye"`
}

type malformedVector struct {
	Name  string   `json:"name"`
	What  string   `json:"what"`
	Bytes hexBytes `json:"bytes"`
	Error string   `json:"error"`
}

type streamVector struct {
	Name   string     `json:"name"`
	Bytes  hexBytes   `json:"bytes"`
	Bodies []hexBytes `json:"bodies"`
	Rest   int        `json:"rest"`
}

func readVectors(tb testing.TB) vectors {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var v vectors
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		tb.Fatalf("vectors.json: %v", err)
	}

	return v
}

func kindNamed(tb testing.TB, name string) wire.Kind {
	tb.Helper()
	for k := wire.KindHello; k <= wire.KindGoodbye; k++ {
		if k.String() == name {
			return k
		}
	}
	tb.Fatalf("no kind is named %q", name)

	return 0
}

func (v frameVector) fields(tb testing.TB) wire.Frame {
	tb.Helper()

	return wire.Frame{Kind: kindNamed(tb, v.Kind), Ver: v.Ver, Cmd: v.Cmd, ID: v.ID, Payload: v.Payload}
}
