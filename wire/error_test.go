package wire_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/parley-dm/parley/wire"
)

func TestAnErrorSaysEachThingOnce(t *testing.T) {
	for want, e := range map[string]wire.Error{
		"user not found":                                  {Code: wire.CodeUserNotFound},
		"message to zed: user not found":                  {Code: wire.CodeUserNotFound, UserID: "zed"},
		"message to bob: user not found":                  {Code: wire.CodeUserNotFound, UserID: "bob", Text: "message to bob: user not found"},
		"User not found: bob has left":                    {Code: wire.CodeUserNotFound, UserID: "bob", Text: "User not found: bob has left"},
		"message to bob: timeout: the outcome is unknown": {Code: wire.CodeTimeout, UserID: "bob", Text: "the outcome is unknown"},
		"request failed with error: bytes of a handler":   {Status: wire.StatusError, Text: "bytes of a handler"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestErrorsAreToldApartByCodeAndText(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &wire.Error{Code: wire.CodeMalformed, UserID: "bob", Text: "no sender"})
	for target, want := range map[*wire.Error]bool{
		{Code: wire.CodeMalformed}:                     true,
		{Code: wire.CodeMalformed, Text: "no sender"}:  true,
		{Code: wire.CodeMalformed, Text: "no user ID"}: false,
		{Code: wire.CodeUserNotFound}:                  false,
		{Text: "no sender"}:                            false,
	} {
		if got := errors.Is(err, target); got != want {
			t.Errorf("%+v: %t", target, got)
		}
	}
	if wire.CodeOf(err) != wire.CodeMalformed || wire.CodeOf(nil) != 0 || wire.CodeOf(errors.New("x")) != 0 {
		t.Error("CodeOf")
	}
}

func TestAReceiptIsOneByte(t *testing.T) {
	for _, r := range []wire.Result{wire.Delivered, wire.Declined, wire.Dropped} {
		data := wire.AppendReceipt(nil, wire.Receipt{Result: r})
		back, err := wire.ParseReceipt(append(data, "more"...))
		if len(data) != 1 || int(data[0]) != int(r-wire.Delivered) || err != nil || back.Result != r {
			t.Errorf("%s: % x, %v, %v", r, data, back, err)
		}
	}
	if r, err := wire.ParseReceipt(nil); err != nil || r.Result != wire.Delivered {
		t.Errorf("no data: %v, %v", r, err)
	}
	for _, b := range []byte{3, 100, 254, 255} {
		if r, err := wire.ParseReceipt([]byte{b}); !errors.Is(err, wire.ErrMalformedReceipt) || r != (wire.Receipt{}) {
			t.Errorf("%d: %v, %v", b, r, err)
		}
	}
}
