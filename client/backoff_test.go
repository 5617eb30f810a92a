package client

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/wire"
)

func TestAPauseIsNeverShorterThanHalfOfItsStepNorLongerThanTheMaximum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := backoff{
			min:    time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Hour)).Draw(t, "min")),
			jitter: func() float64 { return rapid.Float64Range(0, math.Nextafter(1, 0)).Draw(t, "jitter") },
		}
		b.max = b.min + time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "max"))
		attempt := rapid.IntRange(0, 1000).Draw(t, "attempt")
		step := b.min
		for range attempt {
			step = min(2*step, b.max)
		}
		if d := b.pause(attempt); d < step/2 || d > step {
			t.Fatalf("pause is %v, step %v", d, step)
		}
	})
}

func TestAServerCannotSendAClientAwayForever(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`{"reconnect_in_ms":1000}`:          time.Second,
		`{"reconnect_in_ms":9000000000000}`: maxAfter,
	} {
		if got, ok := comeBackIn(&GoodbyeError{Code: wire.GoodbyeStopping, Text: text}); !ok || got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	if _, ok := comeBackIn(errors.New("network is down")); ok {
		t.Error("an error of the network says when to come back")
	}
}
