package gateway

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

const goodKey = "AAAAAAAAAAAAAAAAAAAAAA=="

// handshake sends the lines of a request's head, and returns the status of the answer.
func (n *node) handshake(tb testing.TB, first string, lines ...string) (status int, answer string) {
	tb.Helper()
	host := strings.TrimSuffix(strings.TrimPrefix(n.ws, "ws://"), "/ws")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	for i, l := range lines {
		lines[i] = strings.ReplaceAll(l, "HOST", host)
	}
	if _, err := io.WriteString(conn, first+" HTTP/1.1\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		tb.Fatal(err)
	}
	buf := make([]byte, 4096)
	count, err := io.ReadAtLeast(conn, buf, len("HTTP/1.1 101"))
	if err != nil {
		tb.Fatal(err)
	}
	answer = string(buf[:count])
	if _, err := fmt.Sscanf(answer, "HTTP/1.1 %d", &status); err != nil {
		tb.Fatalf("%q", answer)
	}

	return status, answer
}

func TestHeadersOfAHandshakeAreReadAsLists(t *testing.T) {
	n := start(t, Config{})
	rest := []string{"Host: HOST", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + goodKey}
	for name, lines := range map[string][]string{
		"usual":                {"Connection: Upgrade", "Upgrade: websocket"},
		"two lines":            {"Connection: keep-alive", "Connection: Upgrade", "Upgrade: websocket"},
		"two lines, reversed":  {"Connection: upgrade", "Connection: keep-alive", "Upgrade: WebSocket"},
		"one list":             {"connection: keep-alive, Upgrade", "upgrade: websocket"},
		"empty elements":       {"Connection: , ,Upgrade ,", "Upgrade: ,websocket"},
		"several protocols":    {"Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"},
		"after a tab":          {"Connection: close,\tUpgrade", "Upgrade:\twebsocket"},
		"extensions and more":  {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"},
		"subprotocols in line": {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Protocol: other, parley.v1"},
		"subprotocols apart":   {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Protocol: other", "Sec-WebSocket-Protocol: parley.v1"},
	} {
		status, answer := n.handshake(t, "GET /ws", append(lines, rest...)...)
		if status != 101 || strings.Contains(name, "subprotocols") != strings.Contains(answer, "parley.v1") || strings.Contains(answer, "Extensions") {
			t.Errorf("%s: %q", name, answer)
		}
	}
}

func TestARequestThatIsNoHandshakeIsTold(t *testing.T) {
	n := start(t, Config{})
	good := map[string]string{
		"Host": "HOST", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": goodKey,
	}
	for name, row := range map[string]struct {
		method string
		change map[string]string // empty: without
		more   string
		want   int
	}{
		"POST":                {"POST", nil, "", 405},
		"no Upgrade":          {"GET", map[string]string{"Upgrade": ""}, "", 426},
		"part of a word":      {"GET", map[string]string{"Upgrade": "websockets"}, "", 426},
		"no Connection":       {"GET", map[string]string{"Connection": "keep-alive"}, "", 400},
		"old version":         {"GET", map[string]string{"Sec-WebSocket-Version": "8"}, "", 426},
		"no version":          {"GET", map[string]string{"Sec-WebSocket-Version": ""}, "", 426},
		"two versions":        {"GET", nil, "Sec-WebSocket-Version: 13", 426},
		"no key":              {"GET", map[string]string{"Sec-WebSocket-Key": ""}, "", 400},
		"short key":           {"GET", map[string]string{"Sec-WebSocket-Key": "AAAA"}, "", 400},
		"two keys":            {"GET", nil, "Sec-WebSocket-Key: " + goodKey, 400},
		"key of other length": {"GET", map[string]string{"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAAA"}, "", 400},
	} {
		var lines []string
		for header, value := range good {
			if changed, ok := row.change[header]; ok {
				value = changed
			}
			if value != "" {
				lines = append(lines, header+": "+value)
			}
		}
		if row.more != "" {
			lines = append(lines, row.more)
		}
		if status, answer := n.handshake(t, row.method+" /ws", lines...); status != row.want {
			t.Errorf("%s: %q, want %d", name, answer, row.want)
		}
	}
	if n.gw.Stats().Pending != 0 {
		t.Error("counted as a connection")
	}
}

func TestOnlyPagesOfAllowedOriginsMayConnect(t *testing.T) {
	for name, row := range map[string]struct {
		allowed      []string
		host, origin string
		want         int
	}{
		"no browser":                  {nil, "a.example", "", 101},
		"same host":                   {nil, "a.example", "https://a.example", 101},
		"same host, its usual port":   {nil, "a.example:443", "https://A.example", 101},
		"same host and port":          {nil, "[::1]:7000", "http://[::1]:7000", 101},
		"other port":                  {nil, "a.example:7000", "http://a.example", 403},
		"other host":                  {nil, "a.example", "https://b.example", 403},
		"host as a suffix":            {nil, "a.example", "https://xa.example", 403},
		"opaque":                      {nil, "a.example", "null", 403},
		"no URL":                      {nil, "a.example", "a.example", 403},
		"listed":                      {[]string{"https://b.example"}, "a.example", "https://b.example", 101},
		"listed with its usual port":  {[]string{"https://b.example:443"}, "a.example", "https://b.example", 101},
		"other scheme":                {[]string{"https://b.example"}, "a.example", "http://b.example", 403},
		"same host, not listed":       {[]string{"https://b.example"}, "a.example", "https://a.example", 403},
		"opaque and listed":           {[]string{"null"}, "a.example", "null", 101},
		"all":                         {[]string{"*"}, "a.example", "https://c.example", 101},
		"listed, and the host itself": {[]string{"https://b.example", "https://a.example"}, "a.example", "https://a.example", 101},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, Config{Origins: row.allowed})
			lines := []string{"Host: " + row.host, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + goodKey}
			if row.origin != "" {
				lines = append(lines, "Origin: "+row.origin)
			}
			if status, answer := n.handshake(t, "GET /ws", lines...); status != row.want {
				t.Errorf("%q, want %d", answer, row.want)
			}
		})
	}
	n := start(t, Config{Origins: []string{"*"}})
	if status, _ := n.handshake(t, "GET /ws", "Host: HOST", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: "+goodKey, "Origin: https://a.example", "Origin: https://b.example"); status != 403 {
		t.Errorf("two origins: %d", status)
	}
}
