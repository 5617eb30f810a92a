package dm_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// errNot is what a command returns that makes no sense now.
var errNot = errors.New("not now")

// TestScripts plays the scripts of testdata. A script is a story in paragraphs: commands, a line of
// dashes, and what then happens. Lines that begin with # are the story's comments.
//
// The commands of a paragraph follow each other at once, in the same moment, but for those that
// take time: login, wait and settle. At the end of a paragraph all that is on its way arrives.
// Each packet between two nodes takes a millisecond. Output lines are sorted by the user that
// observed the event; the events of one user are in order.
func TestScripts(t *testing.T) {
	eachFile(t, "testdata", func(t *testing.T, f, text string) {
		t.Helper()
		var got string
		synctest.Test(t, func(t *testing.T) { got = play(t, text) })
		if *update {
			if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got != text {
			t.Errorf("%s reads otherwise now; -update writes it anew:\n%s", f, got)
		}
	})
}

// eachFile runs a test for each text of a directory.
func eachFile(t *testing.T, dir string, test func(t *testing.T, name, text string)) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no texts in", dir, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			test(t, f, string(text))
		})
	}
}

// play returns the script with what happens in it. The promises are checked, and at the end
// all users leave and nothing may stay.
func play(t *testing.T, text string) string {
	t.Helper()
	s := newStory(t)
	var out strings.Builder
	for para := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		said, _, _ := strings.Cut(para, "\n----")
		told := false
		var happened string
		for l := range strings.Lines(said + "\n") {
			l = strings.TrimSpace(l)
			if l == "" || strings.HasPrefix(l, "#") {
				continue
			}
			told = true
			if err := s.do(l); err != nil {
				t.Errorf("%s: %v", l, err)
			}
			synctest.Wait()
			if err := s.check(false); err != nil {
				t.Errorf("%s: %v", l, err)
			}
		}
		if told {
			rest(paragraph)
			happened = s.told()
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString(strings.TrimSpace(said) + "\n")
		if happened != "" {
			out.WriteString("----\n" + happened)
		}
	}
	s.close(t)

	return out.String()
}

// paragraph is how long a story waits at the end of a paragraph.
const paragraph = 200 * time.Millisecond

// close ends a story: whatever stands in the way is mended, all users leave, nothing stays.
func (s *story) close(t *testing.T) {
	t.Helper()
	s.mend()
	rest(8 * time.Second)
	s.meanwhile.Wait()
	if err := s.check(true); err != nil {
		t.Error(err)
	}
	if err := s.quit(); err != nil {
		t.Error(err)
	}
	s.stop()
}

// quit lets all users leave and tells what stays.
func (s *story) quit() error {
	var remains []func() error
	for _, nd := range s.nodes {
		if !nd.crashed.Load() {
			remains = append(remains, nd.remains())
		}
	}
	for _, id := range s.users() {
		if x := s.live(id); x != nil {
			s.leave(x)
		}
	}
	rest(40 * time.Second)
	if err := s.check(true); err != nil {
		return err
	}
	for _, f := range remains {
		if err := f(); err != nil {
			return fmt.Errorf("%w; %w; %s", err, s.empty(), s.allSessions())
		}
	}

	return s.empty()
}
