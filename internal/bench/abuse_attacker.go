package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// AttackOptions are the parameters of RunAttack.
type AttackOptions struct {
	Attack   string
	TCP, Web []string // addresses of the two nodes
	Key      auth.Key // signs the attackers' tokens
	// Connections bounds the connections of attacks that have thousands; 0: no bound.
	Connections int
}

// AttackOutcome is what an attack says of itself at its end.
type AttackOutcome struct {
	Work    uint64  `json:"work"` // done by the attackers
	Unit    string  `json:"unit"`
	Seconds float64 `json:"seconds"`
	Text    string  `json:"text,omitempty"` // what the attack found out by itself
	Checked bool    `json:"checked,omitempty"`
	Failed  bool    `json:"failed,omitempty"` // checked, and not as it should be
	Error   string  `json:"error,omitempty"`  // the last failure of a login
}

// maxAttackLogins bounds the logins of attackers under way.
const maxAttackLogins = 32

// RunAttack attacks until ctx ends. It announces "ready" when all attackers are connected, and
// "outcome" at the end. It runs in a process of its own, so that the honest users' generator has
// none of its work.
func RunAttack(ctx context.Context, o AttackOptions, announce func(name, value string)) error {
	a, err := findAttack(o.Attack)
	if err != nil {
		return err
	}
	if len(o.TCP) != abuseNodes || len(o.Web) != abuseNodes {
		return fmt.Errorf("an attack needs the TCP and HTTP addresses of %d nodes", abuseNodes)
	}
	conns, endConns := context.WithCancel(context.WithoutCancel(ctx))
	defer endConns()
	t := &target{
		tcp: o.TCP, web: o.Web, key: o.Key, prefix: "attack-" + rand.Text()[:8] + "-", sending: ctx, conns: conns,
		logins: make(chan struct{}, maxAttackLogins), begin: make(chan struct{}), unit: "messages", bound: o.Connections,
	}
	a.run(t)
	defer t.tasks.Wait()
	defer endConns()
	if err := t.awaitClients(ctx); err != nil {
		return err
	}
	start := time.Now()
	close(t.begin)
	announce("ready", "")
	<-ctx.Done()
	outcome := AttackOutcome{Work: t.work.Load(), Unit: t.unit, Seconds: time.Since(start).Seconds()}
	if t.atEnd != nil {
		outcome.Text = t.atEnd()
	}
	t.awaitAnswers()
	endConns()
	t.tasks.Wait()
	if t.verdict != nil {
		outcome.Text, outcome.Failed = t.verdict()
		outcome.Checked = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != nil {
		outcome.Error = t.last.Error()
	}
	text, err := json.Marshal(outcome)
	if err != nil {
		return err
	}
	announce("outcome", string(text))

	return nil
}

// awaitClients waits until all clients are logged in.
func (t *target) awaitClients(ctx context.Context) error {
	entered := make(chan struct{})
	t.tasks.Go(func() {
		t.entering.Wait()
		close(entered)
	})
	select {
	case <-entered:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(attackStart):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != nil {
		return fmt.Errorf("not all attackers are logged in after %s: %w", attackStart, t.last)
	}

	return fmt.Errorf("not all attackers are logged in after %s", attackStart)
}

// awaitAnswers waits for the last answers, for at most linger.
func (t *target) awaitAnswers() {
	if t.linger == 0 {
		return
	}
	answered := make(chan struct{})
	t.tasks.Go(func() {
		t.asking.Wait()
		close(answered)
	})
	select {
	case <-answered:
	case <-time.After(t.linger):
	}
}

// attackStart bounds the time that the attackers' logins take.
const attackStart = 45 * time.Second

// attacker is the process of an attack.
type attacker struct {
	process *process
	outcome chan AttackOutcome
}

// startAttack starts the attackers against the first node of sys.
func (s *Setup) startAttack(ctx context.Context, name string, sys *system) (*attacker, error) {
	proto, ok := sys.proto.(*parleyProtocol)
	if !ok || len(sys.ports) != abuseNodes {
		return nil, errors.New("only nodes that are started here are attacked")
	}
	args := []string{"bench", "attack", "--attack", name}
	for _, at := range sys.ports {
		args = append(args, "--tcp", at.tcp, "--http", at.http)
	}
	p, err := s.Self.launch("the attack "+name, []string{"PARLEY_AUTH_KEY=" + proto.key.Secret()}, args...)
	if err != nil {
		return nil, err
	}
	if _, err := p.awaitReady(ctx); err != nil {
		p.discardOutput()
		p.stop()

		return nil, err
	}
	a := &attacker{process: p, outcome: make(chan AttackOutcome, 1)}
	p.reader.Go(a.readOutcome)

	return a, nil
}

// readOutcome reads what the process prints until its end.
func (a *attacker) readOutcome() {
	for {
		select {
		case line := <-a.process.output:
			var o AttackOutcome
			if text, found := strings.CutPrefix(line, "outcome"); found && json.Unmarshal([]byte(text), &o) == nil {
				select {
				case a.outcome <- o:
				default:
				}
			}
		case <-a.process.exited:
			return
		}
	}
}

// stop ends the attack and returns its outcome.
func (a *attacker) stop() (AttackOutcome, error) {
	a.process.stop()
	select {
	case o := <-a.outcome:
		return o, nil
	default:
		return AttackOutcome{}, a.process.exitError()
	}
}
