package chaos

import (
	"math/rand/v2"
	"slices"
	"time"
)

// storageFaults are the faults of runs with storages. No two core nodes are without their memory at
// a time: what both had is lost then, as docs/dive.md says.
var storageFaults = []string{
	"killed, restarted at once", "killed, restarted later", "machine vanishes", "drained and restarted",
	"paused longer than the failure timeout", "paused, briefly",
	"cut off from all nodes", "cut off briefly", "receives nothing from nodes", "sends nothing to nodes", "cut off from one node",
	"cut off from the other core nodes", "cut off from clients", "loses a tenth of its packets", "the cluster is split in two halves",
	"links cut, gossip intact", "link connections reset in bursts", "bytes of links changed",
}

// coreFaults are faults that only runs with storages have.
var coreFaults = []fault{{
	// Longer than most elections: the others elect a leader, and this one does not know.
	name: "cut off from the other core nodes", min: 4 * time.Second, max: 12 * time.Second,
	unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, otherCores),
}}

// otherCores are the places of the core nodes beside a node.
func otherCores(c *cluster, n *node) (places []int) {
	for _, other := range c.nodes[:coreNodes] {
		if other != n {
			places = append(places, other.place)
		}
	}

	return places
}

// faultSource returns a function that draws faults: each once before any is drawn again.
func (r *storageRunner) faultSource(rng *rand.Rand) func() fault {
	var all, deck []fault
	for _, f := range slices.Concat(faults, coreFaults) {
		if !slices.Contains(storageFaults, f.name) {
			continue
		}
		if why := f.unavailable(r.runner); why != "" {
			r.skipped = append(r.skipped, f.name+": "+why)
		} else {
			all = append(all, f)
		}
	}

	return func() fault {
		if len(deck) == 0 {
			deck = slices.Clone(all)
			rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		f := deck[0]
		deck = deck[1:]

		return f
	}
}
