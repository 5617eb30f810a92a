package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// stubCentrifugo is a server without access control that often puts two lines into one frame.
func stubCentrifugo(t *testing.T) string {
	t.Helper()
	o := newStubServer(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != centrifugoPath {
			http.NotFound(w, r)

			return
		}
		serving.Add(1)
		defer serving.Done()
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)

			return
		}
		defer ws.CloseNow()
		if err := o.centrifugo(ws); err != nil && !ended(err) {
			t.Error(err)
		}
	})}
	serving.Go(func() { _ = srv.Serve(ln) })
	t.Cleanup(func() {
		srv.Close()
		serving.Wait()
	})

	return ln.Addr().String()
}

type centrifugoCommand struct {
	ID        uint32                 `json:"id"`
	Connect   *struct{ Name string } `json:"connect"`
	Subscribe *struct{ Channel string }
	Publish   *struct {
		Channel string
		Data    string
	}
}

// command reads one command, or nothing of one: a pong.
func (o *stubServer) command(ws *websocket.Conn) (c centrifugoCommand, err error) {
	kind, text, err := ws.Read(o.t.Context())
	if err == nil && kind != websocket.MessageText {
		err = fmt.Errorf("a frame of kind %v", kind)
	}
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		err = dec.Decode(&c)
	}

	return c, err
}

func (o *stubServer) centrifugo(ws *websocket.Conn) error {
	say := func(text string) { _ = ws.Write(o.t.Context(), websocket.MessageText, []byte(text)) }
	connect, err := o.command(ws)
	if err != nil {
		return err
	}
	if connect.ID != 1 || connect.Connect == nil {
		return fmt.Errorf("a bad connect: %+v", connect)
	}
	say(`{"id":1,"connect":{"client":"c","ping":25,"pong":true}}`)
	subscribe, err := o.command(ws)
	if err != nil {
		return err
	}
	if subscribe.ID == 0 || subscribe.Subscribe == nil || subscribe.Subscribe.Channel == "" {
		return fmt.Errorf("a bad subscribe: %+v", subscribe)
	}
	channel := subscribe.Subscribe.Channel
	leave := o.login(channel, func(payload []byte) {
		// Two lines in a frame, with and without a newline at the end.
		say(fmt.Sprintf(`{"push":{"channel":%q,"join":{"info":{"client":"c"}}}}`+"\n"+`{"push":{"channel":%q,"pub":{"data":%q,"info":{"user":"","client":"c"}}}}`,
			channel, channel, payload))
	})
	defer leave()
	say(fmt.Sprintf(`{"id":%d,"subscribe":{}}`+"\n{}\n", subscribe.ID))
	var p pingCheck
	for {
		c, err := o.command(ws)
		switch {
		case err != nil:
			return err
		case c == (centrifugoCommand{}):
			p.pong = true
		case c.ID != 0 && c.Publish != nil:
			p.message(o, channel)
			o.forward(c.Publish.Channel, []byte(c.Publish.Data))
			say(fmt.Sprintf(`{"id":%d,"publish":{}}`, c.ID))
		default:
			return fmt.Errorf("a bad command: %+v", c)
		}
	}
}
