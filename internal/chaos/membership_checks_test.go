package chaos

import "testing"

func TestOfAPairWithoutALinkExactlyOneStepsOut(t *testing.T) {
	s := newFakeRun(t)
	for i, n := range s.cluster.nodes {
		n.started, n.ready = i+1, true
	}
	s.cluster.nodes[1].ready = false
	checkOneSteppedOut(s.runner, s.cluster.nodes[0])
	s.wantViolations(t)
	if s.counters.stepOuts != 1 || s.counters.youngerStepOuts != 1 {
		t.Errorf("%d stepped out, %d were the younger", s.counters.stepOuts, s.counters.youngerStepOuts)
	}
	s.cluster.nodes[1].ready = true
	checkOneSteppedOut(s.runner, s.cluster.nodes[0])
	s.wantViolations(t, wrongMembership)
}

func TestNodesWithoutAFaultStayReady(t *testing.T) {
	s := newFakeRun(t)
	s.cluster.nodes[2].ready = true
	checkOthersReady(s.runner, s.cluster.nodes[0])
	s.wantViolations(t)
	s.cluster.nodes[2].ready = false
	checkOthersReady(s.runner, s.cluster.nodes[0])
	s.wantViolations(t, wrongMembership)
}

func TestTheThirdNodeMustNotStepOut(t *testing.T) {
	s := newFakeRun(t)
	for _, n := range s.cluster.nodes {
		n.ready = n.place != 2
	}
	checkOneSteppedOut(s.runner, s.cluster.nodes[0])
	s.wantViolations(t, wrongMembership)
}
