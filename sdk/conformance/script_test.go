package main

import (
	"bufio"
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
	"github.com/parley-dm/parley/wire"
)

func TestScriptsAreBlocksOfCommandsAndOutput(t *testing.T) {
	s, err := parseScript("x", "needs queue\n# words\nnodes 1\nconnect a n1\n----\non n1\n\n\nclose a\n")
	want := script{name: "x", needs: []string{"queue"}, blocks: []block{
		{line: 3, commands: []string{"nodes 1", "connect a n1"}, want: []string{"on n1"}},
		{line: 9, commands: []string{"close a"}},
	}}
	if err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, %v; want %+v", s, err, want)
	}
	for text, want := range map[string]string{
		"":                     "no commands",
		"# words":              "no commands",
		"----\nx":              "no command above",
		"needs wings\nnodes 1": "no such feature",
	} {
		if _, err := parseScript("x", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestAScriptIsLeftOutForAClientWithoutItsFeatures(t *testing.T) {
	s := script{needs: []string{"queue", "ws"}}
	for want, hello := range map[string]adapter.Hello{
		"queue": {},
		"ws":    {Features: []string{"queue"}},
	} {
		if got := s.lacks(hello, "tcp"); got != want {
			t.Errorf("%+v lacks %q, want %q", hello, got, want)
		}
	}
	if got := s.lacks(adapter.Hello{Features: []string{"queue"}}, "ws"); got != "" {
		t.Errorf("a client with all lacks %q", got)
	}
}

func TestDataInScriptsIsReadAsItIsWritten(t *testing.T) {
	for _, data := range []string{"", "words and more", "hex:00ff", "bytes:5000", "žlutý"} {
		parsed, err := parseData(data)
		if err != nil || describeData(parsed) != data {
			t.Errorf("%q became %q, %v", data, describeData(parsed), err)
		}
	}
}

func TestFramesOfBothTransportsAreSplitAndMade(t *testing.T) {
	for name, f := range map[string]framing{"tcp": streamFraming{}, "ws": messageFraming{}} {
		for _, n := range []int{0, 100, 118, 119, 5000, 65000} {
			body := wire.AppendBody(nil, wire.Frame{Kind: wire.KindPush, Payload: bytes.Repeat([]byte{7}, n)})
			made := f.frame(body)
			piece, got, err := f.next(bufio.NewReader(bytes.NewReader(append(bytes.Clone(made), 1, 2, 3))))
			if err != nil || !bytes.Equal(piece, made) || !bytes.Equal(got, body) {
				t.Errorf("%s: a body of %d bytes: %d and %d bytes, %v", name, len(body), len(piece), len(got), err)
			}
			if _, _, err := f.next(bufio.NewReader(bytes.NewReader(made[:len(made)-1]))); err == nil {
				t.Errorf("%s: a frame that is cut off is taken for one", name)
			}
		}
	}
	masked := []byte{finalBit | opBinary, maskBit | 3, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2, 'c' ^ 3}
	if _, body, err := (messageFraming{}).next(bufio.NewReader(bytes.NewReader(masked))); err != nil || string(body) != "abc" {
		t.Errorf("a masked message: %q, %v", body, err)
	}
}
