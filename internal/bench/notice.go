package bench

import (
	"context"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// NoticeResult is the result of killing a node, over all rounds. Times count from the kill.
type NoticeResult struct {
	Binary  string `json:"binary"`
	Nodes   int    `json:"nodes"`
	Clients int    `json:"clients"` // on the killed node, each with a channel to a peer on another node
	// Told is until a peer's client has the push that says that its user is gone.
	Delay Latency `json:"told"`
	// NotFound is until a message to a user of the killed node is answered with "not found":
	// messages of users with no channel to it.
	NotFound Latency `json:"not_found"`
	// OtherAnswers counts the earlier responses of these messages, by kind.
	OtherAnswers map[string]int `json:"other_answers,omitempty"`

	delays, notFoundTimes *hdrhistogram.Histogram
}

// noticeRuns measures each binary and each number of clients in turn, several rounds.
func (s *Setup) noticeRuns(ctx context.Context, k NoticeOptions) ([]NoticeResult, error) {
	var all []NoticeResult
	each := s.perBinary()
	rounds := max(k.Rounds, 1)
	if k.Patience == 0 {
		k.Patience = noticePatience
	}
	steps := rounds * len(k.Clients) * len(each)
	for round := range rounds {
		for c, clients := range k.Clients {
			for b, sub := range each {
				i := c*len(each) + b
				name := fmt.Sprintf("%s, %d clients", sub.binaryName(), clients)
				one := *sub
				one.Progress = s.progressStep(round*len(k.Clients)*len(each)+i, steps, name).Progress
				n, err := one.noticeRun(ctx, k, clients)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				if round == 0 {
					all = append(all, n)
				} else {
					all[i].merge(n)
				}
			}
		}
	}

	return all, nil
}

func (n *NoticeResult) merge(other NoticeResult) {
	n.delays.Merge(other.delays)
	n.notFoundTimes.Merge(other.notFoundTimes)
	n.Delay, n.NotFound = latencyOf(n.delays), latencyOf(n.notFoundTimes)
	for kind, count := range other.OtherAnswers {
		n.OtherAnswers[kind] += count
	}
}

// noticeRun kills one node.
func (s *Setup) noticeRun(ctx context.Context, k NoticeOptions, clients int) (NoticeResult, error) {
	sys, err := s.parleyNodes(ctx, k.Nodes)
	if err != nil {
		return NoticeResult{}, err
	}
	defer sys.stop()
	d := &nodeFailure{
		system: sys, responding: sys.withResponses(""), clients: clients, patience: k.Patience, killed: make(chan struct{}), allNotified: make(chan struct{}),
		delays: newRecorders(maxRecorders), notFoundTimes: newRecorders(1), otherAnswers: map[string]int{},
	}
	d.ctx, d.fail = context.WithCancelCause(ctx)
	defer d.close()
	if err := d.prepare(s); err != nil {
		return NoticeResult{}, sys.explain(ctx, err)
	}
	s.progress(.9, "kill")
	if err := d.run(); err != nil {
		return NoticeResult{}, err
	}
	n := NoticeResult{
		Binary: sys.name, Nodes: k.Nodes, Clients: clients, OtherAnswers: d.otherAnswers,
		delays: d.delays.merged(), notFoundTimes: d.notFoundTimes.merged(),
	}
	n.Delay, n.NotFound = latencyOf(n.delays), latencyOf(n.notFoundTimes)

	return n, nil
}
