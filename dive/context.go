package dive

import "context"

// The forms with a context: the operation ends with ctx, or after the storage's timeout.

// SetContext is [Storage.Set] with a context.
func (s *Storage) SetContext(ctx context.Context, key string, value any) error {
	return s.set(ctx, opSet, key, value, s.ttl(), false)
}

// SetExContext is [Storage.SetEx] with a context.
func (s *Storage) SetExContext(ctx context.Context, key string, value any, ttl uint32) error {
	return s.set(ctx, opSet, key, value, int64(ttl), false)
}

// SetIfNotExistsContext is [Storage.SetIfNotExists] with a context.
func (s *Storage) SetIfNotExistsContext(ctx context.Context, key string, value any) error {
	return s.set(ctx, opSetIfNotExists, key, value, s.ttl(), true)
}

// SetIfNotExistsExContext is [Storage.SetIfNotExistsEx] with a context.
func (s *Storage) SetIfNotExistsExContext(ctx context.Context, key string, value any, ttl uint32) error {
	return s.set(ctx, opSetIfNotExists, key, value, int64(ttl), true)
}

// GetContext is [Storage.Get] with a context.
func (s *Storage) GetContext(ctx context.Context, key string) *Result {
	return s.get(ctx, key)
}

// GetExContext is [Storage.GetEx] with a context.
func (s *Storage) GetExContext(ctx context.Context, key string, ttl uint32) *Result {
	return s.getEx(ctx, key, int64(ttl))
}

// DelContext is [Storage.Del] with a context.
func (s *Storage) DelContext(ctx context.Context, key string) *Result {
	return s.del(ctx, key)
}

// IncrByContext is [Storage.IncrBy] with a context.
func (s *Storage) IncrByContext(ctx context.Context, key string, n int32) *Result {
	return s.incrBy(ctx, key, n, s.ttl())
}

// IncrByExContext is [Storage.IncrByEx] with a context.
func (s *Storage) IncrByExContext(ctx context.Context, key string, n int32, ttl int64) *Result {
	return s.incrBy(ctx, key, n, ttl)
}

// LPushContext is [Storage.LPush] with a context.
func (s *Storage) LPushContext(ctx context.Context, key string, values ...any) error {
	return s.push(ctx, opLPush, key, s.ttl(), values)
}

// LPushExContext is [Storage.LPushEx] with a context.
func (s *Storage) LPushExContext(ctx context.Context, key string, ttl uint32, values ...any) error {
	return s.push(ctx, opLPush, key, int64(ttl), values)
}

// RPushContext is [Storage.RPush] with a context.
func (s *Storage) RPushContext(ctx context.Context, key string, values ...any) error {
	return s.push(ctx, opRPush, key, s.ttl(), values)
}

// RPushExContext is [Storage.RPushEx] with a context.
func (s *Storage) RPushExContext(ctx context.Context, key string, ttl uint32, values ...any) error {
	return s.push(ctx, opRPush, key, int64(ttl), values)
}

// LPopContext is [Storage.LPop] with a context.
func (s *Storage) LPopContext(ctx context.Context, key string, n int) ([]*Result, error) {
	return s.pop(ctx, opLPop, key, n, s.ttl())
}

// LPopExContext is [Storage.LPopEx] with a context.
func (s *Storage) LPopExContext(ctx context.Context, key string, n int, ttl uint32) ([]*Result, error) {
	return s.pop(ctx, opLPop, key, n, int64(ttl))
}

// RPopContext is [Storage.RPop] with a context.
func (s *Storage) RPopContext(ctx context.Context, key string, n int) ([]*Result, error) {
	return s.pop(ctx, opRPop, key, n, s.ttl())
}

// RPopExContext is [Storage.RPopEx] with a context.
func (s *Storage) RPopExContext(ctx context.Context, key string, n int, ttl uint32) ([]*Result, error) {
	return s.pop(ctx, opRPop, key, n, int64(ttl))
}

// LRangeContext is [Storage.LRange] with a context.
func (s *Storage) LRangeContext(ctx context.Context, key string, from, to int) ([]*Result, error) {
	return s.lRange(ctx, key, from, to, 0, false)
}

// LRangeExContext is [Storage.LRangeEx] with a context.
func (s *Storage) LRangeExContext(ctx context.Context, key string, from, to int, ttl uint32) ([]*Result, error) {
	return s.lRange(ctx, key, from, to, int64(ttl), true)
}
