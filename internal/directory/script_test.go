package directory

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestScripts plays testdata/scripts over real cores: what happens stands under the command that
// caused it. -rewrite writes the files anew. The commands; a, b are nodes:
//
//	start a b joining c  a and b are members that have settled, c has no link yet
//	user ann c a b c     ann is a user ID that c owns if a, b and c are the members
//	login a ann          a claims a new session for ann
//	logout a ann         ann's session at a is released; abandon: its claim is given up
//	raise a ann          the session's epochs go up
//	evict a              the oldest eviction that is due at a runs
//	lookup a ann
//	deliver a b          the oldest packet from a to b arrives
//	work a               one step of the work that a has left
//	drain                all work is done and all packets arrive, and what that causes
//	suspend a b          a's side of the link to b; resume
//	end a b              a learns that the link to b has ended, if b has suspended it, or is down
//	connect a b          a new link; enter a: a becomes a member of the others' cluster; form a: of its own
//	crash a; pause a; wake a
//	state                sessions and entries of each node, and whether it has settled
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) { //nolint:thelper // it is the test
		s := &script{ids: make(map[string]int)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { //nolint:thelper // it is the test
			args := make([]string, 0, len(d.CmdArgs))
			for _, a := range d.CmdArgs {
				args = append(args, a.Key)
			}
			out, err := s.run(d.Cmd, args)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}

			return s.plain(out)
		})
	})
}

// script is a world whose users have short names.
type script struct {
	w   *world
	ids map[string]int // index of a user in world.users
}

func (s *script) run(cmd string, args []string) (string, error) {
	switch cmd {
	case "start":
		late := slices.Contains(args, "joining")
		s.w = newWorld(len(args)-strings.Count(strings.Join(args, " "), "joining"), allRules(), nil, true, late)
		s.w.loud, s.w.users = true, nil

		return "", nil
	case "user":
		return "", s.user(args[0], args[1], args[2:])
	case "state":
		return s.state(), nil
	}
	k := slices.Index(actionNames, cmd)
	if k < 0 {
		return "", fmt.Errorf("no command %s", cmd)
	}
	x := action{kind: actionKind(k)}
	nodes := 0
	for _, arg := range args {
		if u, ok := s.ids[arg]; ok {
			x.u = u

			continue
		}
		n := s.node(arg)
		if n < 0 {
			return "", fmt.Errorf("no node and no user: %s", arg)
		}
		nodes++
		if nodes == 1 {
			x.a = n
		} else {
			x.b = n
		}
	}
	if len(s.w.users) == 0 {
		s.w.users = []string{"nobody"}
	}
	s.w.said = nil
	if !s.w.do(x) {
		return "not now\n", nil
	}
	if s.w.bad != "" {
		return "", fmt.Errorf("broken: %s", s.w.bad)
	}
	var out strings.Builder
	for _, line := range s.w.said[1:] {
		out.WriteString(strings.TrimSpace(line) + "\n")
	}

	return out.String(), nil
}

func (s *script) node(name string) int {
	return slices.IndexFunc(s.w.nodes, func(h *host) bool { return h.id.Name == name })
}

// user finds a user ID whose owner among the members is that node.
func (s *script) user(name, owner string, members []string) error {
	c := newCore(s.w.nodes[0].id, nil, 1, 1)
	c.members = nil
	for _, m := range members {
		c.members = append(c.members, newPeer(s.w.nodes[s.node(m)].id))
	}
	slices.SortFunc(c.members, func(a, b *peer) int { return a.id.Compare(b.id) })
	for i := range 1000 {
		if id := fmt.Sprintf("%s~%d", name, i); c.ownerOf(hashUser(id)).id.Name == owner {
			s.ids[name] = len(s.w.users)
			s.w.users = append(s.w.users, id)

			return nil
		}
	}

	return fmt.Errorf("no user for %s", owner)
}

var (
	suffix = regexp.MustCompile(`~\d+`)
	incs   = regexp.MustCompile(`#[0-9a-f]{16}`)
)

// plain leaves out what tells a reader nothing.
func (s *script) plain(out string) string {
	return incs.ReplaceAllString(suffix.ReplaceAllString(out, ""), "")
}

var stateNames = map[sessionState]string{blocked: "blocked", claiming: "claiming", confirmed: "confirmed", evicting: "evicting"}

func (s *script) state() string {
	var b strings.Builder
	for _, h := range s.w.nodes {
		c := h.core
		var parts []string
		for _, user := range s.w.users {
			for x := c.sessions[user]; x != nil; {
				text := fmt.Sprintf("%s %s %s", user, short(x.sid), stateNames[x.state])
				if x.again || x.state == confirmed && x.life != c.life {
					text += " again"
				}
				parts = append(parts, text)
				if x.x == nil {
					break
				}
				x = x.x.older
			}
		}
		for _, user := range s.w.users {
			for e := c.index[user]; e != nil; e = e.next {
				if !e.holder.gone {
					parts = append(parts, fmt.Sprintf("entry %s %s/%s", user, e.holder.id.Name, short(e.sid)))
				}
			}
		}
		slices.Sort(parts)
		fmt.Fprintf(&b, "%s: settled %v; %s\n", h.id.Name, c.settled(), strings.Join(parts, ", "))
	}

	return b.String()
}
