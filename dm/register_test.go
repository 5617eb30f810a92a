package dm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/directory"
	nodes "github.com/parley-dm/parley/internal/node"
)

// A user ID is a register: a login writes a session to it, the session's end clears it, and a
// message reads it: the session that receives the message is the value. Logins, logouts and kicks
// at the same moment on several nodes are recorded with when they began and ended, and porcupine
// looks for one order of them all in which every message went to the session of that moment.

type registerOp uint8

const (
	opLogin registerOp = iota
	opEnd              // a logout or kick
	opRead
)

// registerInput is what was called; registerOutput what came of it.
type registerInput struct {
	op  registerOp
	sid string // of a login or end
}

type registerOutput struct {
	sid     string      // of a read: the session that received it; "": user not found
	stamp   nodes.Stamp // of a login
	ok      bool        // of a login: it was welcome
	unknown bool        // of a read: the outcome is unknown
}

// registered is the state: the session, and the stamp of the newest login so far.
type registered struct {
	sid   string
	stamp nodes.Stamp
}

// A login that a newer one overtakes may have ended the session before it already.
var register = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{registered{}} },
	Step: func(state, input, output any) []any {
		r, in, out := state.(registered), input.(registerInput), output.(registerOutput)
		switch in.op {
		case opLogin:
			if !out.ok { // a newer one was quicker
				return []any{r, registered{"", r.stamp}}
			}
			if out.stamp <= r.stamp {
				return nil
			}

			return []any{registered{in.sid, out.stamp}}
		case opEnd:
			if r.sid == in.sid {
				r.sid = ""
			}

			return []any{r}
		default:
			if !out.unknown && out.sid != r.sid {
				return nil
			}

			return []any{r}
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}).ToModel()

// logbook records operations.
type logbook struct {
	mu  sync.Mutex
	now int64                 // guarded by mu
	ops []porcupine.Operation // guarded by mu
}

func (b *logbook) tick() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now++

	return b.now
}

func (b *logbook) record(client int, in registerInput, f func() registerOutput) {
	call := b.tick()
	out := f()
	end := b.tick()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ops = append(b.ops, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: end})
}

// act is one thing that a client of the test does.
type act struct {
	op   registerOp
	node int
	wait time.Duration
	kick bool
}

func drawActs(t *rapid.T) (clients [][]act) {
	nodes := rapid.IntRange(1, 4).Draw(t, "nodes")
	for range rapid.IntRange(2, 4).Draw(t, "clients") {
		var acts []act
		for range rapid.IntRange(1, 6).Draw(t, "acts") {
			acts = append(acts, act{
				op: rapid.SampledFrom([]registerOp{opLogin, opLogin, opEnd, opRead, opRead}).Draw(t, "op"), node: rapid.IntRange(0, nodes-1).Draw(t, "node"),
				wait: time.Duration(rapid.IntRange(0, 6000).Draw(t, "wait")) * time.Microsecond, kick: rapid.Bool().Draw(t, "kick"),
			})
		}
		clients = append(clients, acts)
	}

	return clients
}

func TestLoginsOfAUserAreARegister(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clients := rapid.Custom(drawActs).Draw(rt, "clients")
		var err error
		synctest.Test(t, func(t *testing.T) { err = checkRegister(t, clients) })
		if err != nil {
			rt.Fatal(err)
		}
	})
}

// checkRegister lets clients act on the user bob.
func checkRegister(t *testing.T, clients [][]act) error {
	t.Helper()
	const count = 4
	s := newStory(t)
	s.history, s.jitter = true, 3*time.Millisecond
	for i := range count {
		s.begin(fmt.Sprint("n", i+1))
		s.loginAt(fmt.Sprint("reader", i), s.nodes[i])
	}
	defer s.stop()
	book := &logbook{}
	var wg sync.WaitGroup
	for i, acts := range clients {
		wg.Go(func() {
			var mine *person
			for n, a := range acts {
				time.Sleep(a.wait)
				switch a.op {
				case opLogin:
					mine = s.registers(book, i, a.node)
				case opEnd:
					if mine != nil {
						book.record(i, registerInput{opEnd, mine.u.SID}, func() registerOutput {
							if a.kick {
								mine.u.Disconnect()
							} else {
								mine.quits()
							}
							synctestPause() // until the connection has been closed

							return registerOutput{}
						})
					}
				default:
					s.reads(book, i, a.node, fmt.Sprint("read ", i, ".", n))
				}
			}
		})
	}
	wg.Wait()
	rest(5 * time.Second)
	for i := range count { // at the end every node knows the same
		s.reads(book, len(clients)+i, i, fmt.Sprint("last read ", i))
	}
	if !porcupine.CheckOperations(register, book.ops) {
		var lines []string
		slices.SortFunc(book.ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		for _, op := range book.ops {
			lines = append(lines, fmt.Sprintf("%d..%d client %d: %s", op.Call, op.Return, op.ClientId, register.DescribeOperation(op.Input, op.Output)))
		}

		return fmt.Errorf("no order of these explains what was heard:\n%s", strings.Join(lines, "\n"))
	}

	return s.oneStands(book)
}

func synctestPause() { time.Sleep(time.Microsecond) }

// registers is a login of bob.
func (s *story) registers(book *logbook, client, at int) *person {
	p := s.nodes[at].connects("bob")
	x := &session{person: p, label: p.u.SID}
	p.told = func(text string) { s.hears(x, text) }
	s.mu.Lock()
	s.bySID[p.u.SID] = x
	s.sessions = append(s.sessions, x)
	s.mu.Unlock()
	book.record(client, registerInput{opLogin, p.u.SID}, func() registerOutput {
		err := s.nodes[at].admit(context.Background(), p)
		if err != nil && !errors.Is(err, directory.ErrReplaced) && !errors.Is(err, errReplaced) {
			s.wrongf("a login failed: %v", err)
		}

		return registerOutput{stamp: p.stamp, ok: err == nil}
	})

	return p
}

// reads sends a message to bob.
func (s *story) reads(book *logbook, client, at int, text string) {
	x := s.live(fmt.Sprint("reader", at))
	book.record(client, registerInput{op: opRead}, func() registerOutput {
		l := s.newLetter(x, "bob", text)
		_, err := x.node.dm.Send(context.Background(), x.u, "bob", dm.Message{Ver: 2, Cmd: 11, Body: []byte(text)})
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case err == nil && len(l.heard) == 1:
			return registerOutput{sid: l.heard[0].by.u.SID}
		case errors.Is(err, dm.ErrUserNotFound):
			return registerOutput{}
		}
		s.wrong = append(s.wrong, fmt.Sprintf("%s: %v, heard %d times", text, err, len(l.heard)))

		return registerOutput{unknown: true}
	})
}

// oneStands checks what is left: at most one session, the newest, in one directory.
func (s *story) oneStands(book *logbook) error {
	var newest registered
	ended := map[string]bool{}
	for _, op := range book.ops {
		in, out := op.Input.(registerInput), op.Output.(registerOutput)
		switch {
		case in.op == opLogin && out.ok && out.stamp > newest.stamp:
			newest = registered{in.sid, out.stamp}
		case in.op == opEnd:
			ended[in.sid] = true
		}
	}
	entries, standing := 0, []string(nil)
	for _, nd := range s.nodes {
		entries += nd.entries() - 1 // the reader
		if u := nd.users.ByUID("bob"); u != nil {
			standing = append(standing, u.SID)
		}
	}
	want := []string{newest.sid}
	if newest.sid == "" || ended[newest.sid] {
		want = nil
	}
	if !slices.Equal(standing, want) || entries != len(want) {
		return fmt.Errorf("%v stand, with %d entries, want %v", standing, entries, want)
	}

	return s.check(false)
}
