package hook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Message is a message that a user is about to get. Its body travels as base64.
type Message struct {
	From string `json:"from"`
	To   string `json:"to"`
	Ver  uint8  `json:"ver"`
	Cmd  uint16 `json:"cmd"`
	Body []byte `json:"base64"`
}

// question is the body of a request about a message.
type question struct {
	Message

	Type string `json:"type"`
}

// verdict is the body of its answer. An answer without a body allows.
type verdict struct {
	Action string  `json:"action"`
	Text   *string `json:"text"`
	Base64 *string `json:"base64"`
}

// Answer is what the server says of a message.
type Answer struct {
	Allowed bool
	Replace []byte // instead of the message; nil: nothing
}

// Ask asks about a message. After an error the server has not decided.
func (h *Hook) Ask(m Message) (Answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.Timeout)
	defer cancel()
	if !h.breaker.allows(time.Now()) {
		h.stats.skipped.Add(1)

		return Answer{}, ErrUnavailable
	}
	select {
	case h.asking <- struct{}{}:
		defer func() { <-h.asking }()
	case <-ctx.Done():
		h.outcome(ctx.Err())

		return Answer{}, ctx.Err()
	}
	text, err := h.post(ctx, question{m, "message"})
	var a Answer
	if err == nil {
		a, err = decide(text)
	}
	h.outcome(err)

	return a, err
}

func decide(text []byte) (Answer, error) {
	if len(text) == 0 {
		return Answer{Allowed: true}, nil
	}
	var v verdict
	if err := json.Unmarshal(text, &v); err != nil {
		return Answer{}, fmt.Errorf("the answer is no JSON object: %w", err)
	}
	switch v.Action {
	case "allow":
		return Answer{Allowed: true}, nil
	case "decline":
		return Answer{}, nil
	case "replace":
		switch {
		case v.Text != nil:
			return Answer{Allowed: true, Replace: []byte(*v.Text)}, nil
		case v.Base64 != nil:
			body, err := base64.StdEncoding.DecodeString(*v.Base64)
			if err != nil {
				return Answer{}, fmt.Errorf("base64: %w", err)
			}

			return Answer{Allowed: true, Replace: append([]byte{}, body...)}, nil
		}

		return Answer{}, errors.New("replace needs text or base64")
	}

	return Answer{}, fmt.Errorf("%q is none of allow, decline, replace", v.Action)
}
