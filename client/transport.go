package client

import "github.com/parley-dm/parley/wire"

// transport carries frames over one network connection. One goroutine reads, one writes; close is
// for any.
type transport interface {
	// next waits for a frame; its payload is valid until the call after.
	next() (wire.Frame, error)
	// limit says how long bodies may be from the next one on. It is for the goroutine that reads.
	limit(maxBody int)
	// write sends whole frames as they stand in a stream, waiting until the operating system has
	// them.
	write(frames []byte) error
	// closeWrite ends the sending direction after the last frame.
	closeWrite()
	// close ends everything at once: next and write return.
	close()
}

// tryWriter is a transport that can write without waiting: it takes as many bytes as the operating
// system has room for. What is left must be given to write before anything else. An error is told
// again by write.
type tryWriter interface {
	tryWrite(frames []byte) (n int)
}
