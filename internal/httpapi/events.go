package httpapi

import (
	"bytes"
	"net/http"
	"time"
)

// eventTime bounds the writing of one event: a client that does not read for so long is cut off.
const eventTime = 10 * time.Second

// getEvents writes pictures of the cluster as server-sent events, until the client goes.
func (a *api) getEvents(w http.ResponseWriter, r *http.Request) {
	if !onlyParameters(w, r) {
		return
	}
	if r.Method == http.MethodHead {
		beginEvents(w)

		return
	}
	out := http.NewResponseController(w)
	begun := false
	err := a.backend.Pictures(r.Context(), func(picture []byte) error {
		if !begun {
			begun = true
			beginEvents(w)
		}
		_ = out.SetWriteDeadline(time.Now().Add(eventTime))
		if _, err := w.Write(event("picture", picture)); err != nil {
			return err
		}

		return out.Flush()
	})
	if err != nil && !begun {
		refuse(w, problemOf(err))
	}
}

func beginEvents(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // of a proxy
	w.WriteHeader(http.StatusOK)
}

// event is one server-sent event. Data has no line breaks.
func event(name string, data []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(name) + len(data) + len("event: \ndata: \n\n"))
	b.WriteString("event: " + name + "\ndata: ")
	b.Write(data)
	b.WriteString("\n\n")

	return b.Bytes()
}
