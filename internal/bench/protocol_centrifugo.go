package bench

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// centrifugoProtocol is that of plain Centrifugo clients, in JSON over WebSocket: a user subscribes
// to a channel of its own, and a sender publishes to that channel. The server answers every
// publication.
type centrifugoProtocol struct {
	path string // of the WebSocket
	run  string // in names, so that two runs do not hear each other
}

const centrifugoPath = "/connection/websocket" // where Centrifugo has it by default

var errCentrifugo = errors.New("the Centrifugo server sends what was not expected")

// Commands have ids, which their answers repeat; servers do not look at them otherwise.
const centrifugoConnect = `{"id":1,"connect":{"name":"parley-bench"}}`

func (p centrifugoProtocol) channel(user uint32) string {
	return "parley-bench-" + p.run + "-" + strconv.FormatUint(uint64(user), 10)
}

// asyncRouting: a broker behind the servers learns of a subscription a moment later.
func (centrifugoProtocol) asyncRouting() bool { return true }

func (p centrifugoProtocol) login(c *conn, user uint32) error {
	if err := upgrade(c, p.path, ""); err != nil {
		return err
	}
	c.raw = asLines(c)
	subscribe := fmt.Appendf(nil, `{"id":2,"subscribe":{"channel":%q}}`, p.channel(user))
	for _, command := range [][]byte{[]byte(centrifugoConnect), subscribe} {
		if err := c.write(webSocketFrame(opText, command)); err != nil {
			return err
		}
		for {
			e, err := c.event()
			if err != nil {
				return err
			}
			if e.response {
				break
			}
		}
	}

	return nil
}

func (p centrifugoProtocol) message(to uint32, size int) template {
	head := fmt.Sprintf(`{"id":3,"publish":{"channel":%q,"data":"`, p.channel(to))
	const tail = `"}}`
	frame := webSocketFrame(opText, append(append([]byte(head), textPayload(size)...), tail...))

	return template{frame: frame, payload: len(frame) - len(tail) - size, text: true}
}

// next reads one line: an answer, a push, or a ping, which is an empty object.
func (centrifugoProtocol) next(buf []byte) (event, int, error) {
	text, _, whole := bytes.Cut(buf, []byte("\n"))
	if !whole {
		return event{}, 0, nil
	}
	n := len(text) + 1
	switch {
	case len(text) == 0:
		return event{}, n, nil
	case string(text) == "{}":
		return event{reply: webSocketFrame(opText, text)}, n, nil
	case bytes.HasPrefix(text, []byte(`{"push":`)):
		payload, err := publicationData(text)

		return event{payload: payload, text: true}, n, err
	case !bytes.HasPrefix(text, []byte(`{"id":`)):
		return event{}, 0, errCentrifugo
	case bytes.Contains(text, []byte(`,"error":{`)):
		return event{}, n, fmt.Errorf("the Centrifugo server says %s", quote(text))
	}

	return event{response: true}, n, nil
}

// publicationData is the data of a push; nil: it is about something else.
func publicationData(push []byte) ([]byte, error) {
	const field = `"pub":{`
	_, rest, found := bytes.Cut(push, []byte(field))
	if !found {
		return nil, nil
	}
	_, rest, found = bytes.Cut(rest, []byte(`"data":"`))
	data, _, closed := bytes.Cut(rest, []byte(`"`))
	if !found || !closed {
		return nil, errCentrifugo
	}

	return data, nil
}
