package chaos

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// links judges whether links were there, and did what they are there for.
func (j *judgement) links() {
	const enough = 3 * time.Second
	if j.r.o.NoLinks {
		return
	}
	for _, a := range j.r.cluster.nodes {
		for _, b := range j.r.cluster.nodes {
			if a != b && a.process != nil && j.report.links[[2]string{a.name, b.name}] == 0 {
				j.add(wrong{rule: linkless, text: fmt.Sprintf("%s never had a link to %s", a.name, b.name)})
			}
		}
	}
	if j.r.cluster.engine.absence() > enough && j.report.byLinks == 0 {
		j.add(wrong{rule: stuck, text: "no message got from one node to another while NATS was away"})
	}
}

// linked finds in a node's log that its packets to another one go by a link, from now on.
var linked = regexp.MustCompile(`msg="packets to a node go by a link" self=(\S+) node=([^#\s]+)#`)

// starved finds that a node says that it did not run, and for how long.
var starved = regexp.MustCompile(`^time=(\S+) .*msg="this node did not run for a while.* gap=(\S+)`)

// starvedNode notes that a node was not well, because the machine did not let it run: so the others may have taken it for dead.
func (j *judgement) starvedNode(n *node, at, gap string) {
	const meeting = 5 * time.Second // until all have met it again
	then, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return
	}
	took, err := time.ParseDuration(gap)
	if err != nil || took < failureTimeout/2 {
		return
	}
	end := moment(then.Sub(j.r.ledger.start))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ills = append(n.ills, span{end.add(-took), end.add(meeting)})
}

// logs looks for what a node says when something in it is broken, for its links, and for when it did not run.
func (j *judgement) logs() {
	for _, n := range j.r.cluster.nodes {
		file, err := os.Open(n.log)
		if err != nil {
			j.add(wrong{rule: nodeTrouble, text: err.Error()})

			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			line := lines.Text()
			if pair := linked.FindStringSubmatch(line); pair != nil {
				j.report.links[[2]string{pair[1], pair[2]}]++
			}
			if gap := starved.FindStringSubmatch(line); gap != nil {
				j.starvedNode(n, gap[1], gap[2])
			}
			switch {
			case strings.Contains(line, "DATA RACE"), strings.Contains(line, "panic"), strings.HasPrefix(line, "fatal error:"):
				j.add(wrong{rule: nodeTrouble, text: n.name + ": " + line + " (see " + n.log + ")"})
			case strings.Contains(line, "level=ERROR"):
				j.report.errors++
			}
		}
		_ = file.Close()
	}
}
