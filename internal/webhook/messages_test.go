package webhook_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/testkit/onenode"
	"github.com/parley-dm/parley/internal/webhook"
	"github.com/parley-dm/parley/user"
)

func TestTheReceiverIsAskedBeforeTheProgram(t *testing.T) {
	var mu sync.Mutex
	var asked []question
	r := newReceiver(t, func(w http.ResponseWriter, q question) {
		mu.Lock()
		asked = append(asked, q)
		mu.Unlock()
		switch string(q.Base64) {
		case "spam":
			_, _ = io.WriteString(w, `{"action":"decline"}`)
		case "damn":
			_, _ = io.WriteString(w, `{"action":"replace","text":"d***"}`)
		}
	})
	var seen []string // by the program
	a := attach(t, r.URL, nil, func(n *onenode.Node) {
		n.DM.SetOnReceiveMessage(func(_ uint8, _ uint16, message []byte, senderID string, receiver *user.User) bool {
			seen = append(seen, fmt.Sprintf("%s to %s: %s", senderID, receiver.ID, message))

			return true
		})
	})
	alice, bob := a.Login("alice"), a.Login("bob")
	for _, c := range []struct {
		text string
		want dm.Result
	}{{"hello", dm.Delivered}, {"spam", dm.Declined}, {"damn", dm.Delivered}} {
		if got := a.send(t, alice, "bob", c.text); got != c.want {
			t.Errorf("%s: %v, want %v", c.text, got, c.want)
		}
	}
	if got, want := bob.Heard(), []string{"2.7 hello", "2.7 d***"}; !reflect.DeepEqual(got, want) {
		t.Errorf("bob got %q, want %q", got, want)
	}
	if want := []string{"alice to bob: hello", "alice to bob: damn"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("the program saw %q, want %q", seen, want)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := (question{From: "alice", To: "bob", Ver: 2, Cmd: 7, Base64: []byte("hello")}); len(asked) != 3 || !reflect.DeepEqual(asked[0], want) {
		t.Errorf("the receiver was asked %+v, want %+v first", asked, want)
	}
}

func TestAReceiverThatDoesNotDecideLeavesItToAllow(t *testing.T) {
	gone := newReceiver(t, says(""))
	gone.Close()
	stop := make(chan struct{})
	defer close(stop) // before the servers are closed
	for name, url := range map[string]string{
		"no server":  gone.URL,
		"no URL":     "http://127.0.0.1:0/%zz",
		"status 500": newReceiver(t, func(w http.ResponseWriter, _ question) { w.WriteHeader(http.StatusInternalServerError) }).URL,
		"a redirection": newReceiver(t, func(w http.ResponseWriter, _ question) {
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusFound)
		}).URL,
		"no JSON":           newReceiver(t, says("yes")).URL,
		"an unknown action": newReceiver(t, says(`{"action":"perhaps"}`)).URL,
		"nothing to put in": newReceiver(t, says(`{"action":"replace"}`)).URL,
		"no base64":         newReceiver(t, says(`{"action":"replace","base64":"?"}`)).URL,
		"a late answer":     newReceiver(t, func(_ http.ResponseWriter, _ question) { <-stop }).URL,
	} {
		for allow, want := range map[bool]dm.Result{true: dm.Delivered, false: dm.Declined} {
			a := attach(t, url, func(cfg *webhook.Config) {
				cfg.Allow = allow
				if name == "a late answer" {
					cfg.Hook.Timeout = 10 * time.Millisecond
				}
			}, nil)
			alice, bob := a.Login("alice"), a.Login("bob")
			for range 7 { // from the sixth on it is not asked
				if got := a.send(t, alice, "bob", "hello"); got != want {
					t.Errorf("%s, allow %v: %v", name, allow, got)
				}
			}
			for _, got := range bob.Heard() {
				if got != "2.7 hello" {
					t.Errorf("%s: bob got %q", name, got)
				}
			}
			if s := a.hook.Stats(); s.Failed != 5 || s.Skipped != 2 || s.Answered != 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestAReplacementIsForItsMessageOnly(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, q question) {
		if string(q.Base64) != "second" {
			_, _ = io.WriteString(w, `{"action":"replace","text":"changed"}`)
		}
	})
	a := attach(t, r.URL, nil, func(n *onenode.Node) {
		n.DM.SetOnReceiveMessage(func(_ uint8, _ uint16, message []byte, _ string, _ *user.User) bool {
			return string(message) != "first"
		})
	})
	alice, bob := a.Login("alice"), a.Login("bob")
	// The program declines the first message when the receiver has replaced it already.
	if got := a.send(t, alice, "bob", "first"); got != dm.Declined {
		t.Errorf("first: %v", got)
	}
	for _, text := range []string{"second", "third", "second"} {
		a.send(t, alice, "bob", text)
	}
	if got, want := bob.Heard(), []string{"2.7 second", "2.7 changed", "2.7 second"}; !reflect.DeepEqual(got, want) {
		t.Errorf("bob got %q, want %q", got, want)
	}
}

func TestAnEmptyReplacementDropsAndOthersMayBeAnyBytes(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, q question) {
		if string(q.Base64) == "empty" {
			_, _ = io.WriteString(w, `{"action":"replace","text":""}`)
		} else {
			_, _ = io.WriteString(w, `{"action":"replace","base64":"AP8="}`)
		}
	})
	a := attach(t, r.URL, nil, nil)
	alice, bob := a.Login("alice"), a.Login("bob")
	for text, want := range map[string]dm.Result{"empty": dm.Dropped, "bytes": dm.Delivered} {
		if got := a.send(t, alice, "bob", text); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if got, want := bob.Heard(), []string{"2.7 \x00\xff"}; !reflect.DeepEqual(got, want) {
		t.Errorf("bob got %q, want %q", got, want)
	}
}

func TestMessagesToManyUsersAtOnceGetTheirOwnAnswers(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, q question) {
		text := base64.StdEncoding.EncodeToString([]byte(strings.ToUpper(string(q.Base64)) + " for " + q.To))
		_, _ = io.WriteString(w, `{"action":"replace","base64":"`+text+`"}`)
	})
	a := attach(t, r.URL, nil, nil)
	const users, messages = 20, 10
	var all []*onenode.Client
	for i := range users {
		all = append(all, a.Login(fmt.Sprint("user", i)))
	}
	var sending sync.WaitGroup
	for i, from := range all {
		to := all[(i+1)%users]
		sending.Go(func() {
			for n := range messages {
				a.send(t, from, to.User.ID, fmt.Sprint("message ", n))
			}
		})
	}
	sending.Wait()
	for _, c := range all {
		heard := c.Heard()
		for n := range messages {
			if want := fmt.Sprintf("2.7 MESSAGE %d for %s", n, c.User.ID); len(heard) != messages || heard[n] != want {
				t.Fatalf("%s got %q, want %q at %d", c.User.ID, heard, want, n)
			}
		}
	}
}
