package wire

import "io"

const (
	firstBuffer = 4096 // a reader's buffer at the start: some dozens of chat messages
	maxEmpty    = 100  // reads in a row that may bring nothing, as in bufio
)

// Reader takes frames out of a stream, reading as much at once as has arrived. It is for one
// goroutine.
type Reader struct {
	r       io.Reader
	maxBody int
	buf     []byte // grows with what arrives, never with what a length only promises
	from    int    // buf[from:to] is read and not yet returned
	to      int
}

// NewReader returns a Reader of the frames of r whose bodies have at most maxBody bytes.
func NewReader(r io.Reader, maxBody int) *Reader {
	return &Reader{r: r, maxBody: maxBody, buf: make([]byte, firstBuffer)}
}

// Next waits for the next frame. Its Payload is valid until the call after.
//
// At the end of the stream the error is io.EOF, or io.ErrUnexpectedEOF when the stream ends inside
// a frame. Errors of the stream are returned as they come, and one that passes (a deadline that is
// then moved) loses nothing. Bytes that are no frame give an error of this package, from then on at
// every call.
func (r *Reader) Next() (Frame, error) {
	for {
		body, n, err := Split(r.buf[r.from:r.to], r.maxBody)
		if err != nil {
			return Frame{}, err
		}
		if n > 0 {
			f, err := ParseBody(body)
			if err == nil {
				r.from += n
			}

			return f, err
		}
		if err := r.fill(); err != nil {
			return Frame{}, err
		}
	}
}

// SetMaxBody changes how many bytes a body may have, for those who learn it from the first frame.
func (r *Reader) SetMaxBody(maxBody int) { r.maxBody = maxBody }

// Buffered is the number of bytes that were read and belong to frames still to come: with 0 the
// next call of Next reads from the stream.
func (r *Reader) Buffered() int { return r.to - r.from }

// fill reads at least one byte more.
func (r *Reader) fill() error {
	if r.from > 0 {
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	if r.to == len(r.buf) {
		grown := make([]byte, 2*len(r.buf))
		copy(grown, r.buf)
		r.buf = grown
	}
	for range maxEmpty {
		n, err := r.r.Read(r.buf[r.to:])
		r.to += n
		switch {
		case n > 0:
			return nil // an error that came with bytes comes again without them
		case err == io.EOF && r.to > 0:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}

	return io.ErrNoProgress
}
