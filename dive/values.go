package dive

import (
	"context"
	"fmt"
	"reflect"

	"github.com/parley-dm/parley/dive/internal/bucket"
	"github.com/parley-dm/parley/internal/value"
)

// set writes a value; with absent only if the key has none.
func (s *Storage) set(ctx context.Context, name, key string, v any, ttl int64, absent bool) error {
	return s.run(ctx, name, key, func(ctx context.Context, o *operation) error {
		seconds, err := checkTTL(ttl)
		if err != nil {
			return err
		}
		encoded, err := value.Encode(nil, v)
		switch {
		case err != nil:
			return err
		case absent:
			return o.bucket.Create(ctx, key, encoded, seconds, ErrExists)
		}

		return o.bucket.Set(ctx, key, encoded, seconds)
	})
}

func (s *Storage) get(ctx context.Context, key string) *Result {
	return s.read(ctx, opGet, key, func(ctx context.Context, o *operation) (any, error) {
		e, err := o.bucket.Get(ctx, key)
		if err != nil {
			return nil, err
		}

		return decode(e.Value)
	})
}

// getEx reads a value and gives it a new time to live.
func (s *Storage) getEx(ctx context.Context, key string, ttl int64) *Result {
	return s.read(ctx, opGet, key, func(ctx context.Context, o *operation) (any, error) {
		seconds, err := checkTTL(ttl)
		if err != nil {
			return nil, err
		}

		return o.replace(ctx, func(old []byte) bucket.Change { return bucket.Change{Value: old, TTL: seconds} })
	})
}

func (s *Storage) del(ctx context.Context, key string) *Result {
	return s.read(ctx, opDel, key, func(ctx context.Context, o *operation) (any, error) {
		return o.replace(ctx, func([]byte) bucket.Change { return bucket.Change{} })
	})
}

// replace changes a value that is there, and returns what it was.
func (o *operation) replace(ctx context.Context, change func(old []byte) bucket.Change) (any, error) {
	var found []byte
	if err := o.update(ctx, func(old []byte) (bucket.Change, error) {
		if found = old; old == nil {
			return bucket.Change{Keep: true}, nil
		}

		return change(old), nil
	}); err != nil {
		return nil, err
	}

	return decode(found)
}

func (s *Storage) incrBy(ctx context.Context, key string, n int32, ttl int64) *Result {
	return s.read(ctx, opIncrBy, key, func(ctx context.Context, o *operation) (sum any, err error) {
		seconds, err := checkTTL(ttl)
		if err != nil {
			return nil, err
		}
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

		return sum, err
	})
}

// add is held plus n, of held's type.
func add(held any, n int32) (any, error) {
	v := reflect.ValueOf(held)
	sum := reflect.New(v.Type()).Elem()
	var fits bool
	switch {
	case v.CanInt():
		h, by := v.Int(), int64(n)
		fits = (h+by >= h) == (by >= 0) && !v.OverflowInt(h+by)
		sum.SetInt(h + by)
	case v.CanUint():
		h, by := v.Uint(), uint64(int64(n)) // of a negative n modulo 2^64
		fits = (h+by >= h) == (n >= 0) && !v.OverflowUint(h+by)
		sum.SetUint(h + by)
	default:
		return nil, newKindError(held, "an integer", nil)
	}
	if !fits {
		return nil, fmt.Errorf("%w: %d + %d as %T", ErrOverflow, held, n, held)
	}

	return sum.Interface(), nil
}
