package directory

// list is a doubly linked list in order of arrival. Its elements are fields of what they stand for,
// so that nothing is allocated to push one.
type list[T any] struct {
	first, last *element[T]
	cursor      *element[T] // of the pass through the list: the next one to be looked at; nil: no pass
}

type element[T any] struct {
	of         *T
	prev, next *element[T]
}

// push appends e, a field of the value of.
func (l *list[T]) push(e *element[T], of *T) {
	*e = element[T]{of: of, prev: l.last}
	if e.prev == nil {
		l.first = e
	} else {
		e.prev.next = e
	}
	l.last = e
}

// remove takes e out. Its next stays what it is, for a loop that removes what it looks at.
func (l *list[T]) remove(e *element[T]) {
	if l.cursor == e {
		l.cursor = e.next
	}
	if e.prev == nil {
		l.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.last = e.prev
	} else {
		e.next.prev = e.prev
	}
}
