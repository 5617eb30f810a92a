package chaos

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// network judges what crossed between nodes, and what strangers were told.
func (j *checker) network() {
	for _, text := range j.r.impostors.told() {
		j.add(wrong{rule: learned, text: text})
	}
	f := j.r.cluster.network.packets()
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	j.report.bytes, j.report.broken, j.report.control = f.record.bytes, f.broken, f.record.control
	if f.record.clear > 0 {
		j.add(wrong{rule: inClear, text: strings.Join(f.record.found, "\n  ")})
		j.report.rules[inClear] = f.record.clear
	}
	if f.record.control == 0 {
		j.add(wrong{rule: blind, text: "nothing was found between clients and nodes, where all is in clear"})
	}
	for _, a := range j.r.cluster.nodes {
		for _, b := range j.r.cluster.nodes[a.index+1:] {
			n := f.record.links[way{a.index, b.index}] + f.record.links[way{b.index, a.index}]
			j.report.connections += n
			if n == 0 {
				j.add(wrong{rule: linkless, text: fmt.Sprintf("%s and %s never had a link", a.name, b.name)})
			}
		}
	}
}

// meetingTime is how long nodes may take to meet again, on a busy machine.
const meetingTime = 5 * time.Second

// starved finds that a node says that it did not run, and for how long.
var starved = regexp.MustCompile(`^time=(\S+) .*did not run.* (?:gap|for)=(\S+)`)

// starvedNode notes that a node was not well, because the machine did not let it run: so the others
// may have taken it for dead.
func (j *checker) starvedNode(n *node, at, gap string) {
	then, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return
	}
	took, err := time.ParseDuration(gap)
	if err != nil || took < failureTimeout/2 {
		return
	}
	end := moment(then.Sub(j.r.history.start))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ills = append(n.ills, span{end.add(-took), end.add(meetingTime)})
}

// logs looks for what a node says when something in it is broken, and for when it did not run.
func (j *checker) logs() {
	for _, n := range j.r.cluster.nodes {
		file, err := os.Open(n.log)
		if err != nil {
			j.add(wrong{rule: nodeTrouble, text: err.Error()})

			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			line := lines.Text()
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
