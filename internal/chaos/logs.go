package chaos

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// checkNetwork judges what crossed between nodes, and what outsiders were told.
func (c *checker) checkNetwork() {
	for _, text := range c.r.impostors.leaks() {
		c.add(violation{rule: leaked, text: text})
	}
	f := c.r.cluster.network.packets()
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c.report.bytes, c.report.brokenConns, c.report.controlHits = f.record.bytes, f.brokenConns, f.record.controlHits
	if f.record.plaintextHits > 0 {
		c.add(violation{rule: plaintext, text: strings.Join(f.record.plaintextSamples, "\n  ")})
		c.report.rules[plaintext] = f.record.plaintextHits
	}
	if f.record.controlHits == 0 {
		c.add(violation{rule: searchBroken, text: "nothing was found between clients and nodes, where all is in clear"})
	}
	for _, a := range c.r.cluster.nodes {
		for _, b := range c.r.cluster.nodes[a.place+1:] {
			n := f.record.links[direction{a.place, b.place}] + f.record.links[direction{b.place, a.place}]
			c.report.connections += n
			if n == 0 {
				c.add(violation{rule: noLink, text: fmt.Sprintf("%s and %s never had a link", a.name, b.name)})
			}
		}
	}
}

// rejoinTime is how long nodes may take to meet again, on a busy machine.
const rejoinTime = 5 * time.Second

// starvationLine finds that a node says that it did not run, and for how long.
var starvationLine = regexp.MustCompile(`^time=(\S+) .*did not run.* (?:gap|for)=(\S+)`)

// noteStarvation marks a node as faulty for a time in which its process did not run: the others may
// have declared it dead.
func (c *checker) noteStarvation(n *node, at, gap string) {
	then, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return
	}
	took, err := time.ParseDuration(gap)
	if err != nil || took < failureTimeout/2 {
		return
	}
	end := moment(then.Sub(c.r.history.start))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faultSpans = append(n.faultSpans, span{end.add(-took), end.add(rejoinTime)})
}

// checkLogs searches the logs of nodes for panics, races, errors, and times without CPU.
func (c *checker) checkLogs() {
	for _, n := range c.r.cluster.nodes {
		file, err := os.Open(n.log)
		if err != nil {
			c.add(violation{rule: nodeFailure, text: err.Error()})

			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			line := lines.Text()
			if gap := starvationLine.FindStringSubmatch(line); gap != nil {
				c.noteStarvation(n, gap[1], gap[2])
			}
			switch {
			case strings.Contains(line, "DATA RACE"), strings.Contains(line, "panic"), strings.HasPrefix(line, "fatal error:"):
				c.add(violation{rule: nodeFailure, text: n.name + ": " + line + " (see " + n.log + ")"})
			case strings.Contains(line, "level=ERROR"):
				c.report.errorLines++
			}
		}
		_ = file.Close()
	}
}
