package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

// requests are the commands of scripts that the adapter is given. Each makes the adapter's command
// of the words behind its name.
var requests = map[string]func(rest string) (adapter.Command, error){
	// connect CLIENT PLACE,... [TOKEN,...]: a place is a node or a proxy, a token of:USER,
	// of:USER:MS or nonsense
	"connect": func(rest string) (adapter.Command, error) {
		words := strings.Fields(rest)
		if len(words) < 2 {
			return adapter.Command{}, errWords("CLIENT PLACE,... [TOKEN,...]")
		}
		cmd := adapter.Command{Do: adapter.DoConnect, Client: words[0], URLs: strings.Split(words[1], ",")}
		cmd.Tokens = []string{"of:" + words[0]}
		if len(words) > 2 {
			cmd.Tokens = strings.Split(words[2], ",")
		}

		return cmd, nil
	},
	// close CLIENT
	"close": func(rest string) (adapter.Command, error) {
		return adapter.Command{Do: adapter.DoClose, Client: rest}, nil
	},
	// send [wait=MS] CLIENT PEER DATA
	"send": func(rest string) (adapter.Command, error) { return peerCommand(adapter.DoSend, rest) },
	// connect-peer CLIENT PEER
	"connect-peer": func(rest string) (adapter.Command, error) { return peerCommand(adapter.DoConnectPeer, rest) },
	// disconnect-peer CLIENT PEER [DATA]
	"disconnect-peer": func(rest string) (adapter.Command, error) { return peerCommand(adapter.DoDisconnectPeer, rest) },
	// request CLIENT VER.CMD [DATA]
	"request": func(rest string) (adapter.Command, error) {
		cmd, err := peerCommand(adapter.DoRequest, rest)
		if err != nil {
			return cmd, err
		}
		ver, number, _ := strings.Cut(cmd.To, ".")
		v, err1 := strconv.ParseUint(ver, 10, 8)
		n, err2 := strconv.ParseUint(number, 10, 16)
		if err1 != nil || err2 != nil {
			return cmd, errWords("CLIENT VER.CMD [DATA]")
		}
		cmd.To, cmd.Ver, cmd.Cmd = "", uint8(v), uint16(n)

		return cmd, nil
	},
}

func errWords(want string) error { return fmt.Errorf("the words are wrong, want %s", want) }

// peerCommand reads [wait=MS] CLIENT PEER [DATA].
func peerCommand(do, rest string) (adapter.Command, error) {
	cmd := adapter.Command{Do: do}
	if wait, ok := strings.CutPrefix(rest, "wait="); ok {
		wait, rest, _ = strings.Cut(wait, " ")
		ms, err := strconv.Atoi(wait)
		if err != nil {
			return cmd, fmt.Errorf("wait=%s: want milliseconds", wait)
		}
		cmd.WaitMS = ms
	}
	var data string
	cmd.Client, rest, _ = strings.Cut(rest, " ")
	cmd.To, data, _ = strings.Cut(rest, " ")
	if cmd.Client == "" || cmd.To == "" {
		return cmd, errWords("CLIENT PEER [DATA]")
	}
	if n, long := strings.CutPrefix(cmd.To, "id:"); long { // a user ID of n bytes
		length, err := strconv.Atoi(n)
		if err != nil {
			return cmd, err
		}
		cmd.To = strings.Repeat("i", length)
	}
	var err error
	cmd.Data, err = parseData(data)

	return cmd, err
}

// parseData reads text, hex:BYTES, or bytes:N for N bytes.
func parseData(data string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(data, "hex:"); ok {
		return hex.DecodeString(digits)
	}
	if n, ok := strings.CutPrefix(data, "bytes:"); ok {
		length, err := strconv.Atoi(n)

		return bytes.Repeat([]byte{'x'}, max(length, 0)), err
	}

	return []byte(data), nil
}

// describeData is the opposite of parseData.
func describeData(data []byte) string {
	const longest = 200
	switch {
	case len(data) > longest && bytes.Equal(data, bytes.Repeat([]byte{'x'}, len(data))):
		return fmt.Sprintf("bytes:%d", len(data))
	case !utf8.Valid(data) || bytes.IndexFunc(data, func(r rune) bool { return r < ' ' }) >= 0:
		return "hex:" + hex.EncodeToString(data)
	}

	return string(data)
}

// describeReply puts a reply in words.
func describeReply(r adapter.Reply) (string, error) {
	switch {
	case r.Error != nil:
		return describeFailure(r.Error)
	case r.Node != "":
		name, _, _ := strings.Cut(r.Node, "#")

		return "on " + name, nil
	case r.Result != "":
		return r.Result, nil
	}

	return strings.TrimSpace("ok " + describeData(r.Data)), nil
}

func describeFailure(f *adapter.Failure) (string, error) {
	switch {
	case f.Goodbye != 0:
		return fmt.Sprintf("goodbye %d", f.Goodbye), nil
	case f.Code != 0 && f.Outcome == adapter.Unknown:
		return fmt.Sprintf("error %d, outcome unknown", f.Code), nil
	case f.Code != 0:
		return fmt.Sprintf("error %d", f.Code), nil // whether the client or the server has refused it
	case f.Outcome == adapter.Failed:
		return fmt.Sprintf("status %d %s", f.Status, describeData(f.Data)), nil
	case f.Outcome == adapter.NotSent:
		return "not sent", nil
	case f.Outcome == adapter.Unknown:
		return "outcome unknown", nil
	case f.Outcome == "":
		return "failed", nil
	}

	return "", fmt.Errorf("the adapter's outcome %q is none", f.Outcome)
}

// describeEvent puts an event in words.
func describeEvent(e adapter.Event) (string, error) {
	var text string
	switch e.Event {
	case adapter.EventMessage:
		text = e.From + ": " + describeData(e.Data)
	case adapter.EventPeerDisconnect:
		text = e.From + " has left: " + describeData(e.Data)
	case adapter.EventPush:
		text = fmt.Sprintf("push %d.%d %s", e.Ver, e.Cmd, describeData(e.Data))
	case adapter.EventState:
		text = e.State
		if e.Goodbye != 0 {
			text += fmt.Sprintf(" goodbye %d", e.Goodbye)
		}
	default:
		return "", fmt.Errorf("the adapter's event %q is none", e.Event)
	}

	return strings.TrimSpace(text), nil
}
