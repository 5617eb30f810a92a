package dm_test

// calm keeps track of what may have happened at the same moment.
type calm struct {
	rough   bool            // something was broken or held
	moves   map[string]int  // since everything had settled: by user, or by two users
	crossed map[string]bool // by two users: their changes may have crossed
}

// notes takes note of a command.
func (c *calm) notes(w words) {
	if c.moves == nil {
		c.moves, c.crossed = map[string]int{}, map[string]bool{}
	}
	switch w[0] {
	case "meanwhile":
		c.notes(w[1:])
	case "login", "move", "leave", "kick":
		c.moves[w.at(1)]++
	case "clear", "connect":
		c.moves[both(w.at(1), w.at(2))]++
	case "late":
		c.crossed[both(w.at(1), w.at(2))] = true
	case "hold", "stall", "full", "crash", "cut", "cutoff", "freeze", "panic", "slip", "stop":
		c.rough = true
	case "settle":
		c.rest()
	}
}

// rest says that everything has settled.
func (c *calm) rest() {
	for i, a := range everybody {
		for _, b := range everybody[:i+1] {
			if c.moves[a]+c.moves[b]+c.moves[both(a, b)] > 1 { // of the channel with oneself both sides move at once
				c.crossed[both(a, b)] = true
			}
		}
	}
	clear(c.moves)
}

func both(a, b string) string { return min(a, b) + " and " + max(a, b) }
