package directory

import (
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// samples is one message of each kind.
func samples() []message {
	user, place := strings.Repeat("ü", 64), node.ID{Name: "n2", Incarnation: 7}

	return []message{
		{kind: kindAnnounce, num: 1, echo: 2, view: 3},
		{kind: kindRegister, sid: sidOf(1), stamp: math.MaxUint64, user: "a"},
		{kind: kindUnregister, sid: sidOf(1), stamp: 1, user: user},
		{kind: kindClaim, again: true, num: math.MaxUint32, view: math.MaxUint64, stamp: 9, sid: sidOf(2), user: user},
		{kind: kindConfirm, num: 4, stamp: 5, sid: sidOf(2), user: "b"},
		{kind: kindReplaced, sid: sidOf(2), next: place, at: sidOf(3), user: "b"},
		{kind: kindRefuse, num: 6, sid: sidOf(2), user: "b"},
		{kind: kindEvict, sid: sidOf(2), next: place, at: sidOf(3), user: user},
		{kind: kindEvicted, sid: sidOf(2), stamp: 8, user: "b"},
		{kind: kindLookup, token: math.MaxUint64, num: 1, view: 2, user: "b"},
		{kind: kindFound, token: 1, next: place, at: sidOf(3)},
		{kind: kindNotFound, token: 1},
		{kind: kindFailed, token: 1, num: 2},
	}
}

func TestMessagesSurviveTheWire(t *testing.T) {
	for _, m := range samples() {
		var got message
		rest, err := got.decode(m.kind, m.append(nil))
		if err != nil || len(rest) > 0 || got != m {
			t.Errorf("%+v\nbecame %+v, %v", m, got, err)
		}
	}
}

func TestAShortMessageIsMalformed(t *testing.T) {
	for _, m := range samples() {
		b := m.append(nil)
		for n := range b {
			if _, err := new(message).decode(m.kind, b[:n]); !errors.Is(err, errMalformed) {
				t.Errorf("%s of %d bytes: %v", m.text(), n, err)
			}
		}
	}
	long := message{kind: kindConfirm, sid: sidOf(1), user: strings.Repeat("x", MaxUserID+1)}
	for _, b := range [][]byte{{0}, {99, 1}, long.append([]byte{byte(kindConfirm)})} {
		if _, err := new(message).decode(kind(b[0]), b[1:]); err == nil {
			t.Errorf("%x is decoded", b)
		}
	}
}

func TestMalformedPacketsAreCountedAndLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		n := newNet(0)
		defer n.close()
		p := n.add("a", Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		from := node.ID{Name: "b", Incarnation: 2}
		for range 3 {
			p.dir.HandlePacket(from, nil)
			p.dir.HandlePacket(from, []byte{byte(kindNotFound), 1})
		}
		if got := strings.Count(log.String(), "malformed"); got != 1 || p.dir.Stats().Malformed != 6 {
			t.Error(got, p.dir.Stats().Malformed)
		}
		time.Sleep(2 * time.Minute)
		p.dir.HandlePacket(from, append(samples()[11].append([]byte{byte(kindNotFound)}), 0))
		if got := strings.Count(log.String(), "malformed"); got != 2 {
			t.Error(got)
		}
	})
}

// FuzzPacket gives any packets to a node of a settled cluster: it does not panic, and its lists
// stay true.
func FuzzPacket(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.append([]byte{byte(m.kind)}))
	}
	f.Add(append(samples()[1].append(samples()[1].append([]byte{byte(kindRegister)})), 1))
	f.Fuzz(func(t *testing.T, packet []byte) {
		d, s, other := solo(t)
		d.ticking = true // no timer
		d.mu.Lock()
		d.core.claim("b", sidOf(2), 5, &call{done: make(chan struct{})})
		d.core.claim("a", sidOf(1), 5, &call{done: make(chan struct{})})
		d.core.finish()
		d.endEvent()
		d.HandlePacket(other, packet)
		d.HandlePacket(node.ID{Name: "c", Incarnation: 3}, packet)
		if len(packet) > 0 {
			var m, back message
			if rest, err := m.decode(kind(packet[0]), packet[1:]); err == nil {
				if _, err := back.decode(m.kind, m.append(nil)); err != nil || back != m || len(rest) > len(packet) {
					t.Errorf("%+v became %+v, %v", m, back, err)
				}
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if err := d.core.invariants(); err != nil {
			t.Error(err)
		}
		_ = s
	})
}
