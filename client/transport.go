package client

import (
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/wire"
)

// transport carries frames over one network connection. One goroutine reads, one writes whole
// frames, as they stand in a stream; close is for any.
type transport interface {
	netio.Stream

	// next waits for a frame; its payload is valid until the call after.
	next() (wire.Frame, error)
	// limit says how long bodies may be from the next one on. It is for the goroutine that reads.
	limit(maxBody int)
	// closeWrite ends the sending direction after the last frame.
	closeWrite()
	// close ends everything at once: next and Write return.
	close()
}

// writeWhole writes frames, and waits until the operating system has all of them.
func writeWhole(tr transport, frames []byte) error {
	for len(frames) > 0 {
		n, err := tr.Write(frames, 0)
		if err != nil {
			return err
		}
		frames = frames[n:]
	}

	return nil
}
