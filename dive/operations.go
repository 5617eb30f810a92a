package dive

import "context"

// Set writes a value, for the default time to live.
func (s *Storage) Set(key string, value any) error {
	return s.set(context.Background(), opSet, key, value, s.ttl(), false)
}

// SetEx writes a value for ttl seconds.
func (s *Storage) SetEx(key string, value any, ttl uint32) error {
	return s.set(context.Background(), opSet, key, value, int64(ttl), false)
}

// SetIfNotExists writes a value, for the default time to live, if the key has none; else the
// error is [ErrExists].
func (s *Storage) SetIfNotExists(key string, value any) error {
	return s.set(context.Background(), opSetIfNotExists, key, value, s.ttl(), true)
}

// SetIfNotExistsEx is SetIfNotExists for ttl seconds.
func (s *Storage) SetIfNotExistsEx(key string, value any, ttl uint32) error {
	return s.set(context.Background(), opSetIfNotExists, key, value, int64(ttl), true)
}

// Get reads a value. The result's error is [ErrNotFound] if the key is not there.
func (s *Storage) Get(key string) *Result {
	return s.get(context.Background(), key)
}

// GetEx reads a value, which then has ttl seconds to live.
func (s *Storage) GetEx(key string, ttl uint32) *Result {
	return s.getEx(context.Background(), key, int64(ttl))
}

// Del deletes a key, and returns the value that it had. The result's error is
// [ErrNotFound] if the key is not there.
func (s *Storage) Del(key string) *Result {
	return s.del(context.Background(), key)
}

// IncrBy adds n to a counter, and returns the sum. A key that is not there counts from 0, as
// an int64; another integer keeps its type. The counter then has the default time to live.
func (s *Storage) IncrBy(key string, n int32) *Result {
	return s.incrBy(context.Background(), key, n, s.ttl())
}

// IncrByEx is IncrBy; the counter then has ttl seconds to live.
func (s *Storage) IncrByEx(key string, n int32, ttl int64) *Result {
	return s.incrBy(context.Background(), key, n, ttl)
}

// LPush puts values before the beginning of a list, one after the other: the last one given is
// the first of the list. The list then has the default time to live.
func (s *Storage) LPush(key string, values ...any) error {
	return s.push(context.Background(), opLPush, key, s.ttl(), values)
}

// LPushEx is LPush; the list then has ttl seconds to live.
func (s *Storage) LPushEx(key string, ttl uint32, values ...any) error {
	return s.push(context.Background(), opLPush, key, int64(ttl), values)
}

// RPush puts values behind the end of a list. The list then has the default time to live.
func (s *Storage) RPush(key string, values ...any) error {
	return s.push(context.Background(), opRPush, key, s.ttl(), values)
}

// RPushEx is RPush; the list then has ttl seconds to live.
func (s *Storage) RPushEx(key string, ttl uint32, values ...any) error {
	return s.push(context.Background(), opRPush, key, int64(ttl), values)
}

// LPop takes up to n values from the beginning of a list: none if the key is not there. What
// is left has the default time to live; a list without values is deleted.
func (s *Storage) LPop(key string, n int) ([]*Result, error) {
	return s.pop(context.Background(), opLPop, key, n, s.ttl())
}

// LPopEx is LPop; what is left has ttl seconds to live.
func (s *Storage) LPopEx(key string, n int, ttl uint32) ([]*Result, error) {
	return s.pop(context.Background(), opLPop, key, n, int64(ttl))
}

// RPop takes up to n values from the end of a list, the last one first: none if the key is not
// there. What is left has the default time to live; a list without values is deleted.
func (s *Storage) RPop(key string, n int) ([]*Result, error) {
	return s.pop(context.Background(), opRPop, key, n, s.ttl())
}

// RPopEx is RPop; what is left has ttl seconds to live.
func (s *Storage) RPopEx(key string, n int, ttl uint32) ([]*Result, error) {
	return s.pop(context.Background(), opRPop, key, n, int64(ttl))
}

// LRange reads a part of a list, from position from to position to, both included and counted from
// 0; negative ones count from the end, -1 being the last. Positions outside the list are left out.
func (s *Storage) LRange(key string, from, to int) ([]*Result, error) {
	return s.lRange(context.Background(), key, from, to, 0, false)
}

// LRangeEx is LRange; the list then has ttl seconds to live.
func (s *Storage) LRangeEx(key string, from, to int, ttl uint32) ([]*Result, error) {
	return s.lRange(context.Background(), key, from, to, int64(ttl), true)
}
