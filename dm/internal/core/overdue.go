package core

// overdue is what its owners were told Timeout of, and the receiving side has not answered yet: the
// session stays registered until it has. Runs of numbers keep it small, however much there is.
type overdue []run

// run is the numbers from..to-1 of an epoch, sent to a node.
type run struct {
	epoch    uint64
	node     Node
	from, to uint32
}

// add takes in a number.
func (o *overdue) add(epoch uint64, seq uint32, n Node) {
	if last := len(*o) - 1; last >= 0 {
		if l := &(*o)[last]; l.epoch == epoch && l.to == seq {
			l.to++

			return
		}
	}
	*o = append(*o, run{epoch, n, seq, seq + 1})
}

// remove takes out a number that has been answered, and tells whether it was there.
func (o *overdue) remove(epoch uint64, seq uint32) bool {
	for i := range *o {
		l := &(*o)[i]
		if l.epoch != epoch || seq < l.from || seq >= l.to {
			continue
		}
		rest := run{epoch, l.node, seq + 1, l.to}
		l.to = seq
		switch {
		case l.from == l.to && rest.from == rest.to:
			*o = append((*o)[:i], (*o)[i+1:]...)
		case l.from == l.to:
			*l = rest
		case rest.from < rest.to:
			*o = append(*o, run{})
			copy((*o)[i+2:], (*o)[i+1:])
			(*o)[i+1] = rest
		}

		return true
	}

	return false
}

// has tells whether a number is there.
func (o *overdue) has(epoch uint64, seq uint32) bool {
	for _, l := range *o {
		if l.epoch == epoch && seq >= l.from && seq < l.to {
			return true
		}
	}

	return false
}

// nodeDown forgets what was sent to a node whose link has ended: no answer will come.
func (o *overdue) nodeDown(n Node) {
	kept := (*o)[:0]
	for _, l := range *o {
		if l.node != n {
			kept = append(kept, l)
		}
	}
	*o = kept
	if len(kept) == 0 {
		*o = nil
	}
}
