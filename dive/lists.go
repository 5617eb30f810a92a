package dive

import (
	"context"
	"fmt"
	"slices"

	"github.com/parley-dm/parley/dive/internal/bucket"
	"github.com/parley-dm/parley/internal/value"
)

func (s *Storage) push(ctx context.Context, name, key string, ttl int64, values []any) error {
	return s.run(ctx, name, key, func(ctx context.Context, o *operation) error {
		seconds, err := checkTTL(ttl)
		if err != nil {
			return err
		}
		elements, err := s.elements(key, values)
		if err != nil || len(elements) == 0 {
			return err
		}
		if name == opLPush { // each is pushed before the one before it
			slices.Reverse(elements)
		}

		return o.update(ctx, func(old []byte) (bucket.Change, error) {
			list, err := listOf(old)
			if err != nil {
				return bucket.Change{}, err
			}
			if name == opLPush {
				list = slices.Concat(elements, list)
			} else {
				list = slices.Concat(list, elements)
			}

			return listChange(list, seconds)
		})
	})
}

// elements are the encoded values that are to be pushed, as the callbacks want them.
func (s *Storage) elements(key string, values []any) (value.List, error) {
	s.mu.Lock()
	callbacks := s.onPush
	s.mu.Unlock()
	for _, cb := range callbacks {
		values = cb(key, values)
	}
	list := make(value.List, 0, len(values))
	for i, v := range values {
		if _, nested := v.(value.List); nested {
			return nil, fmt.Errorf("value %d: %w", i, ErrInvalidValue)
		}
		encoded, err := value.Encode(nil, v)
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", i, err)
		}
		list = append(list, encoded)
	}

	return list, nil
}

func (s *Storage) pop(ctx context.Context, name, key string, n int, ttl int64) (results []*Result, err error) {
	err = s.run(ctx, name, key, func(ctx context.Context, o *operation) error {
		seconds, err := checkTTL(ttl)
		if err != nil {
			return err
		}
		if n < 1 {
			return fmt.Errorf("%w: %d elements are to be popped: at least 1", ErrInvalidRange, n)
		}
		var popped value.List
		if err := o.update(ctx, func(old []byte) (bucket.Change, error) {
			list, err := listOf(old)
			if err != nil || len(list) == 0 {
				popped = nil

				return bucket.Change{Keep: true}, err
			}
			popped, list = cut(list, n, name == opLPop)
			if len(list) == 0 {
				return bucket.Change{}, nil
			}

			return listChange(list, seconds)
		}); err != nil {
			return err
		}
		results = o.results(popped)

		return nil
	})

	return results, err
}

// cut takes up to n elements from the beginning of a list, or from its end, the last one first.
func cut(list value.List, n int, first bool) (taken, rest value.List) {
	k := min(n, len(list))
	if first {
		return list[:k], list[k:]
	}
	taken = slices.Clone(list[len(list)-k:])
	slices.Reverse(taken)

	return taken, list[:len(list)-k]
}

// lRange reads a part of a list; ttl 0 leaves the time to live as it is.
func (s *Storage) lRange(ctx context.Context, key string, from, to int, ttl int64, extend bool) (results []*Result, err error) {
	err = s.run(ctx, opLRange, key, func(ctx context.Context, o *operation) error {
		if (from < 0) == (to < 0) && from > to {
			return fmt.Errorf("%w: from %d to %d: it ends before it begins", ErrInvalidRange, from, to)
		}
		list, err := o.list(ctx, ttl, extend)
		if err != nil {
			return err
		}
		results = o.results(part(list, from, to))
		s.mu.Lock()
		callbacks := s.onRange
		s.mu.Unlock()
		for _, cb := range callbacks {
			results = cb(key, results)
		}

		return nil
	})

	return results, err
}

func (o *operation) list(ctx context.Context, ttl int64, extend bool) (list value.List, err error) {
	if !extend {
		e, err := o.bucket.Get(ctx, o.key)
		if err != nil {
			return nil, err
		}

		return listOf(e.Value)
	}
	seconds, err := checkTTL(ttl)
	if err != nil {
		return nil, err
	}
	err = o.update(ctx, func(old []byte) (bucket.Change, error) {
		list, err = listOf(old)

		return bucket.Change{Value: old, TTL: seconds, Keep: old == nil}, err
	})

	return list, err
}

// part is list[from] to list[to], both included. Negative ones count from the end, -1 being the
// last.
func part(list value.List, from, to int) value.List {
	if from < 0 {
		from = max(from+len(list), 0)
	}
	if to < 0 {
		to += len(list)
	}
	if to = min(to, len(list)-1); from > to {
		return nil
	}

	return list[from : to+1]
}

func (o *operation) results(list value.List) []*Result {
	results := make([]*Result, len(list))
	for i, e := range list {
		results[i] = o.decoded(e)
	}

	return results
}

// listOf is the list that a key holds; empty if it holds nothing.
func listOf(encoded []byte) (value.List, error) {
	if encoded == nil {
		return nil, nil
	}
	held, err := value.Decode(encoded)
	if err != nil {
		return nil, err
	}
	list, ok := held.(value.List)
	if !ok {
		return nil, newKindError(held, "list", nil)
	}

	return list, nil
}

func listChange(list value.List, ttl uint32) (bucket.Change, error) {
	encoded, err := value.Encode(nil, list)

	return bucket.Change{Value: encoded, TTL: ttl}, err
}
