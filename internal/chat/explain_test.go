package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestEveryErrorIsExplainedInOneLine(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{client.ErrUserNotFound, "bob is not connected"},
		{fmt.Errorf("wrapped: %w", client.ErrTimeout), "whether it reached bob is unknown"},
		{client.ErrConnectionLost, "whether it reached bob is unknown"},
		{client.ErrRecipientBusy, "try again"},
		{fmt.Errorf("%w: %w", client.ErrNotConnected, context.DeadlineExceeded), "there is no connection to tcp://h:1"},
		{fmt.Errorf("%w: %w", client.ErrNotConnected, &client.GoodbyeError{Code: wire.GoodbyeReplaced}), "logged in elsewhere"},
		{client.ErrQueueFull, "too many messages wait"},
		{&client.SchemeError{URL: "tcp://h:1", Found: "HTTP", Right: "ws://h:1/ws"}, "use ws://h:1/ws"},
		{client.ErrMessageNil, "an empty message"},
		{client.ErrNodesNotFound, "lost its cluster"},
		{client.ErrUnknownCommand, "dm.ExposeCommands"},
		{context.DeadlineExceeded, "no answer from tcp://h:1 in time"},
		{client.ErrClosed, "closed"},
		{&client.GoodbyeError{Code: wire.GoodbyeBadToken, Text: "expired"}, "refused the token (expired)"},
		{&client.GoodbyeError{Code: wire.GoodbyeReplaced}, "logged in elsewhere"},
		{&client.GoodbyeError{Code: wire.GoodbyeStopping}, "is stopping"},
		{&client.GoodbyeError{Code: wire.GoodbyeStopping, Text: string(wire.AppendReason(nil, 0, "no way"))}, "tcp://h:1: no way"},
		{&client.GoodbyeError{Code: 2999, Text: "too\nmany"}, "ended the connection: "},
		{&client.Error{Code: wire.CodeTooLarge, Text: "70000 bytes"}, "70000 bytes"},
		{errors.New("two\nlines \x1b[31mred"), "two lines \uFFFD[31mred"},
	} {
		got := Explain(c.err, "bob", "tcp://h:1")
		if !strings.Contains(got, c.want) || strings.ContainsAny(got, "\n\x1b") {
			t.Errorf("%v is explained as %q, want %q", c.err, got, c.want)
		}
	}
}

func TestAVerdictIsCertainOrSaysPerhaps(t *testing.T) {
	for want, errs := range map[string][]error{
		"not sent":              {fmt.Errorf("%w: %w", client.ErrNotConnected, context.DeadlineExceeded), client.ErrQueueFull},
		"not delivered":         {client.ErrUserNotFound, client.ErrMessageNil},
		"perhaps not delivered": {client.ErrTimeout, client.ErrConnectionLost, context.DeadlineExceeded, client.ErrClosed},
	} {
		for _, err := range errs {
			if got := Verdict(err); got != want {
				t.Errorf("%v: %q, want %q", err, got, want)
			}
		}
	}
}

func TestTextOfOthersCannotSteerTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"hello":              "hello",
		"two\r\nlines":       "two\nlines",
		"a\tb":               "a b",
		"\x1b[2J\x07":        "\uFFFD[2J\uFFFD",
		"right\u202Eleft":    "right\uFFFDleft",
		"\u00e9 日本 👩\u200d🚀": "\u00e9 日本 👩\u200d🚀",
		"می\u200cخواهم":      "می\u200cخواهم",
		"\xff\x00":           "(2 bytes that are no text: ff00)",
	} {
		if got := Readable([]byte(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := Readable([]byte(strings.Repeat("\xff", 100))); got != "(100 bytes that are no text: "+strings.Repeat("ff", 16)+"…)" {
		t.Errorf("got %q", got)
	}
	if got := oneLine([]byte("a\nb: c")); got != `a\nb: c` {
		t.Errorf("got %q", got)
	}
}
