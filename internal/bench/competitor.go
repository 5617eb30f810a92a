package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Competitor is a running server of another kind, of one or several nodes, that takes part in a
// comparison.
type Competitor struct {
	kind  string // as --competitor names it
	title string // as tables do
	addrs []string
	proto protocol
	pids  []int // none: their CPU time and memory are not known
}

// competitorKind is a kind of servers whose protocol the generator speaks.
type competitorKind struct {
	title  string // as tables name it
	syntax string // of the flag's value
	parse  func(value string) (addrs []string, proto protocol, err error)
}

var competitorKinds = map[string]competitorKind{
	"centrifugo": {"Centrifugo", "centrifugo=ws://host:port,ws://host:port", parseCentrifugo},
	"mqtt":       {"MQTT", "mqtt=host:port,host:port", parseMQTT},
	"xmpp":       {"XMPP", "xmpp=[domain@]host:port,host:port", parseXMPP},
}

// errSyntax rejects a value of --competitor.
var errSyntax = errors.New("not of this shape")

// ParseCompetitors reads the values of --competitor, kind=address,…, and of --competitor-pid,
// kind=PID,….
func ParseCompetitors(values, pids []string) ([]Competitor, error) {
	var competitors []Competitor
	for _, value := range values {
		p, err := parseCompetitor(value)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(competitors, func(other Competitor) bool { return other.kind == p.kind }) {
			return nil, fmt.Errorf("--competitor %s: its kind was given already: give all its nodes in one value", value)
		}
		competitors = append(competitors, p)
	}
	for _, value := range pids {
		if err := parsePIDs(competitors, value); err != nil {
			return nil, err
		}
	}

	return competitors, nil
}

func parseCompetitor(value string) (Competitor, error) {
	name, rest, _ := strings.Cut(value, "=")
	kind, known := competitorKinds[name]
	if !known {
		return Competitor{}, fmt.Errorf("--competitor %s: write %s, %s or %s", value,
			competitorKinds["centrifugo"].syntax, competitorKinds["mqtt"].syntax, competitorKinds["xmpp"].syntax)
	}
	addrs, proto, err := kind.parse(rest)
	if err != nil {
		return Competitor{}, fmt.Errorf("--competitor %s: write %s, or one address alone", value, kind.syntax)
	}

	return Competitor{kind: name, title: kind.title, addrs: addrs, proto: proto}, nil
}

// parsePIDs adds processes to the competitor of their kind.
func parsePIDs(competitors []Competitor, value string) error {
	name, rest, _ := strings.Cut(value, "=")
	i := slices.IndexFunc(competitors, func(p Competitor) bool { return p.kind == name })
	if i < 0 {
		return fmt.Errorf("--competitor-pid %s: write KIND=PID,PID with the kind of a --competitor", value)
	}
	for text := range strings.SplitSeq(rest, ",") {
		pid, err := strconv.Atoi(text)
		if err != nil || pid <= 0 {
			return fmt.Errorf("--competitor-pid %s: write %s=PID,PID, numbers of processes", value, name)
		}
		if _, err := cpuTime(pid); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("--competitor-pid %s: there is no process %d on this machine", value, pid)
		} else if err != nil {
			return fmt.Errorf("--competitor-pid %s: %w", value, err)
		}
		competitors[i].pids = append(competitors[i].pids, pid)
	}

	return nil
}

// hostPorts reads addresses with commas between them.
func hostPorts(text string) ([]string, error) {
	addrs := strings.Split(text, ",")
	for _, addr := range addrs {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || host == "" {
			return nil, errSyntax
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errSyntax
		}
	}

	return addrs, nil
}

func parseMQTT(value string) ([]string, protocol, error) {
	addrs, err := hostPorts(value)

	return addrs, mqttProtocol{run: runName()}, err
}

func parseXMPP(value string) ([]string, protocol, error) {
	domain, rest, given := strings.Cut(value, "@")
	if !given {
		domain, rest = "localhost", value
	}
	if domain == "" || strings.ContainsAny(domain, "<>&'\"") {
		return nil, nil, errSyntax
	}
	addrs, err := hostPorts(rest)

	return addrs, xmppProtocol{domain: domain, names: new(sync.Map)}, err
}

// parseCentrifugo reads URLs, which must have the same path.
func parseCentrifugo(value string) ([]string, protocol, error) {
	proto := centrifugoProtocol{path: centrifugoPath, run: runName()}
	var hosts []string
	for i, text := range strings.Split(value, ",") {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "ws" {
			return nil, nil, errSyntax
		}
		path := u.RequestURI()
		if path == "/" {
			path = centrifugoPath
		}
		if i > 0 && path != proto.path {
			return nil, nil, errSyntax
		}
		proto.path = path
		hosts = append(hosts, u.Host)
	}
	addrs, err := hostPorts(strings.Join(hosts, ","))

	return addrs, proto, err
}

// runName tells the users of this run from those of another one.
func runName() string { return strings.ToLower(rand.Text()[:8]) }

// system returns the competitor as a system to measure.
func (p *Competitor) system() *system {
	name := p.title
	if len(p.addrs) == 1 {
		name += ", one node"
	}

	return &system{name: name, proto: p.proto, addrs: p.addrs, pids: p.pids}
}

// checkRoutes checks before a long run that messages get from each server to the next.
func (s *system) checkRoutes(ctx context.Context, patience time.Duration) error {
	for i := range s.addrs {
		if err := s.checkRoute(ctx, i, (i+1)%len(s.addrs), patience); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}

	return nil
}

// checkRoute sends messages from a user at one server to a user at another one until the first
// arrives.
func (s *system) checkRoute(ctx context.Context, from, to int, patience time.Duration) error {
	a, err := s.dial(ctx, from, 0)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := s.dial(ctx, to, 1)
	if err != nil {
		return err
	}
	defer b.close()
	a.setRecipient(b.user, stampSize)
	for end := time.Now().Add(patience); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := a.send(1); err != nil {
			return err
		}
		arrives := b.receiveWithin(primeInterval)
		if arrives == nil {
			return nil
		}
		if err := a.receiveWithin(time.Millisecond); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err // the reason of the refusal
		}
		if !errors.Is(arrives, os.ErrDeadlineExceeded) {
			return arrives
		}
		if time.Now().After(end) {
			return s.noRouteError(from, to, patience)
		}
	}
}

// noRouteError says that no message gets through, and suggests a reason.
func (s *system) noRouteError(from, to int, patience time.Duration) error {
	if from == to {
		return fmt.Errorf("no message gets through at %s in %s: may users send messages to each other?", s.addrs[from], patience)
	}

	return fmt.Errorf("no message gets from %s to %s in %s: are the two connected to each other?", s.addrs[from], s.addrs[to], patience)
}

// receiveWithin is receive with a time limit.
func (c *conn) receiveWithin(d time.Duration) error {
	if err := c.raw.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	_, err := c.receive()

	return err
}
