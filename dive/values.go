package dive

import (
	"context"
	"fmt"
	"math"

	"github.com/parley-dm/parley/dive/internal/bucket"
	"github.com/parley-dm/parley/internal/value"
)

// set writes a value; with absent only if the key has none.
func (s *Storage) set(ctx context.Context, name, key string, v any, ttl int64, absent bool) error {
	ctx, o, err := s.begin(ctx, name, key)
	if err != nil {
		return err
	}
	defer o.end()
	seconds, err := checkTTL(ttl)
	if err != nil {
		return o.failed(err)
	}
	encoded, err := value.Encode(nil, v)
	if err != nil {
		return o.failed(err)
	}
	if !absent {
		return o.failed(o.bucket.Set(ctx, key, encoded, seconds))
	}

	return o.failed(o.bucket.Create(ctx, key, encoded, seconds, ErrExists))
}

func (s *Storage) get(ctx context.Context, key string) *Result {
	ctx, o, err := s.begin(ctx, opGet, key)
	if err != nil {
		return s.refused(opGet, key, err)
	}
	defer o.end()
	e, err := o.bucket.Get(ctx, key)
	if err != nil {
		return o.result(nil, err)
	}

	return o.decoded(e.Value)
}

// getEx reads a value and gives it a new time to live.
func (s *Storage) getEx(ctx context.Context, key string, ttl int64) *Result {
	ctx, o, err := s.begin(ctx, opGet, key)
	if err != nil {
		return s.refused(opGet, key, err)
	}
	defer o.end()
	seconds, err := checkTTL(ttl)
	if err != nil {
		return o.result(nil, err)
	}
	var found []byte
	if err := o.update(ctx, func(old []byte) (bucket.Change, error) {
		found = old

		return bucket.Change{Value: old, TTL: seconds, Keep: old == nil}, nil
	}); err != nil {
		return o.result(nil, err)
	}

	return o.decoded(found)
}

func (s *Storage) del(ctx context.Context, key string) *Result {
	ctx, o, err := s.begin(ctx, opDel, key)
	if err != nil {
		return s.refused(opDel, key, err)
	}
	defer o.end()
	var found []byte
	if err := o.update(ctx, func(old []byte) (bucket.Change, error) {
		found = old

		return bucket.Change{Keep: old == nil}, nil
	}); err != nil {
		return o.result(nil, err)
	}

	return o.decoded(found)
}

func (s *Storage) incrBy(ctx context.Context, key string, n int32, ttl int64) *Result {
	ctx, o, err := s.begin(ctx, opIncrBy, key)
	if err != nil {
		return s.refused(opIncrBy, key, err)
	}
	defer o.end()
	seconds, err := checkTTL(ttl)
	if err != nil {
		return o.result(nil, err)
	}
	var sum any
	err = o.update(ctx, func(old []byte) (bucket.Change, error) {
		var held any = int64(0)
		if old != nil {
			if held, err = value.Decode(old); err != nil {
				return bucket.Change{}, err
			}
		}
		if sum, err = add(held, n); err != nil {
			return bucket.Change{}, err
		}
		encoded, err := value.Encode(nil, sum)

		return bucket.Change{Value: encoded, TTL: seconds}, err
	})

	return o.result(sum, err)
}

// add is held plus n, of held's type.
func add(held any, n int32) (any, error) {
	switch h := held.(type) {
	case int:
		return addSigned(h, n)
	case int8:
		return addSigned(h, n)
	case int16:
		return addSigned(h, n)
	case int32:
		return addSigned(h, n)
	case int64:
		return addSigned(h, n)
	case uint:
		return addUnsigned(h, n)
	case uint8:
		return addUnsigned(h, n)
	case uint16:
		return addUnsigned(h, n)
	case uint32:
		return addUnsigned(h, n)
	case uint64:
		return addUnsigned(h, n)
	}

	return nil, newKindError(held, "an integer", nil)
}

func addSigned[T int | int8 | int16 | int32 | int64](held T, n int32) (any, error) {
	if h := int64(held); (n > 0 && h > math.MaxInt64-int64(n)) || (n < 0 && h < math.MinInt64-int64(n)) || int64(T(h+int64(n))) != h+int64(n) {
		return nil, fmt.Errorf("%w: %d + %d as %T", ErrOverflow, held, n, held)
	}

	return held + T(n), nil
}

func addUnsigned[T uint | uint8 | uint16 | uint32 | uint64](held T, n int32) (any, error) {
	h, m := uint64(held), uint64(max(int64(n), -int64(n)))
	sum, fits := h+m, h+m >= h
	if n < 0 {
		sum, fits = h-m, h >= m
	}
	if !fits || uint64(T(sum)) != sum {
		return nil, fmt.Errorf("%w: %d + %d as %T", ErrOverflow, held, n, held)
	}

	return T(sum), nil
}
