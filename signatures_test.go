package parley_test

import (
	"bytes"
	"testing"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/wire"
)

// The functions of the original engine, with their signatures: a server that calls them compiles.
var (
	_ func(confpath string)                               = parley.Setup
	_ func(ver uint8, cmd uint16, handler parley.Handler) = parley.HandleCommand
	_ func(f func())                                      = parley.OnStart
	_ func(f func())                                      = parley.OnStarted
	_ func(f func())                                      = parley.OnReady[func()]
	_ func(f func(next func(error)))                      = parley.OnReady[func(next func(error))]
	_ func(f func())                                      = parley.OnTerminate[func()]
	_ func(f func(next func(error)))                      = parley.OnTerminate[func(next func(error))]
	_ func()                                              = parley.Start
	_ func()                                              = parley.Stop
	_ func() bool                                         = parley.IsTerminating
)

func TestErrorDataIsWhatClientsRead(t *testing.T) {
	data := parley.ErrorData(6001, "the match is full")
	code, text, err := wire.ParseError(data)
	if err != nil || code != 6001 || text != "the match is full" {
		t.Errorf("%d, %q, %v", code, text, err)
	}
	if !bytes.Equal(data, wire.AppendErrorData(nil, 6001, "the match is full")) {
		t.Errorf("%x", data)
	}
}
