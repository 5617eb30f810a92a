package dive_test

import (
	"context"

	"github.com/parley-dm/parley/dive"
)

// The functions of the original engine, with their signatures: a server that calls them compiles.
var (
	_ func(confpath string)                                     = dive.Setup
	_ func(name string) *dive.Storage                           = dive.GetStorageByName
	_ func(name string, o *dive.Options) (*dive.Storage, error) = dive.New
	_ func() bool                                               = dive.IsReadyToShutdown

	_ func(name string, cb dive.PushCallback) error  = dive.SetOnPush
	_ func(name string, cb dive.RangeCallback) error = dive.SetOnLRange
)

// storage has the methods of a storage.
type storage interface { //nolint:interfacebloat // all of them
	Set(key string, value any) error
	SetIfNotExists(key string, value any) error
	SetEx(key string, value any, ttl uint32) error
	SetIfNotExistsEx(key string, value any, ttl uint32) error
	Get(key string) *dive.Result
	Del(key string) *dive.Result
	GetEx(key string, ttl uint32) *dive.Result
	IncrBy(key string, n int32) *dive.Result
	IncrByEx(key string, n int32, ttl int64) *dive.Result
	LPush(key string, values ...any) error
	RPush(key string, values ...any) error
	LPushEx(key string, ttl uint32, values ...any) error
	RPushEx(key string, ttl uint32, values ...any) error
	LPop(key string, n int) ([]*dive.Result, error)
	RPop(key string, n int) ([]*dive.Result, error)
	LPopEx(key string, n int, ttl uint32) ([]*dive.Result, error)
	RPopEx(key string, n int, ttl uint32) ([]*dive.Result, error)
	LRange(key string, from, to int) ([]*dive.Result, error)
	LRangeEx(key string, from, to int, ttl uint32) ([]*dive.Result, error)
	SetOnPush(cb dive.PushCallback)
	SetOnLRange(cb dive.RangeCallback)
}

// idiomatic has the methods beside those.
type idiomatic interface { //nolint:interfacebloat // all of them
	GetContext(ctx context.Context, key string) *dive.Result
	SetContext(ctx context.Context, key string, value any) error
	SetExContext(ctx context.Context, key string, value any, ttl uint32) error
	SetIfNotExistsContext(ctx context.Context, key string, value any) error
	SetIfNotExistsExContext(ctx context.Context, key string, value any, ttl uint32) error
	GetExContext(ctx context.Context, key string, ttl uint32) *dive.Result
	DelContext(ctx context.Context, key string) *dive.Result
	IncrByContext(ctx context.Context, key string, n int32) *dive.Result
	IncrByExContext(ctx context.Context, key string, n int32, ttl int64) *dive.Result
	LPushContext(ctx context.Context, key string, values ...any) error
	LPushExContext(ctx context.Context, key string, ttl uint32, values ...any) error
	RPushContext(ctx context.Context, key string, values ...any) error
	RPushExContext(ctx context.Context, key string, ttl uint32, values ...any) error
	LPopContext(ctx context.Context, key string, n int) ([]*dive.Result, error)
	LPopExContext(ctx context.Context, key string, n int, ttl uint32) ([]*dive.Result, error)
	RPopContext(ctx context.Context, key string, n int) ([]*dive.Result, error)
	RPopExContext(ctx context.Context, key string, n int, ttl uint32) ([]*dive.Result, error)
	LRangeContext(ctx context.Context, key string, from, to int) ([]*dive.Result, error)
	LRangeExContext(ctx context.Context, key string, from, to int, ttl uint32) ([]*dive.Result, error)
	Watch(ctx context.Context, key string) (<-chan *dive.Result, error)
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// result has the methods of a result.
type result interface { //nolint:interfacebloat // all of them
	ToUint8() (uint8, error)
	ToUint16() (uint16, error)
	ToUint32() (uint32, error)
	ToUint64() (uint64, error)
	ToInt8() (int8, error)
	ToInt16() (int16, error)
	ToInt32() (int32, error)
	ToInt64() (int64, error)
	ToFloat32() (float32, error)
	ToFloat64() (float64, error)
	ToBool() (bool, error)
	ToString() (string, error)
	ToBytes() ([]byte, error)
	ToInterface() (any, error)

	ToUint8Array() ([]uint8, error)
	ToUint16Array() ([]uint16, error)
	ToUint32Array() ([]uint32, error)
	ToUint64Array() ([]uint64, error)
	ToInt8Array() ([]int8, error)
	ToInt16Array() ([]int16, error)
	ToInt32Array() ([]int32, error)
	ToInt64Array() ([]int64, error)
	ToFloat32Array() ([]float32, error)
	ToFloat64Array() ([]float64, error)
	ToBoolArray() ([]bool, error)
	ToStringArray() ([]string, error)
	ToBytesArray() ([][]byte, error)
	ToInterfaceArray() ([]any, error)
}

var (
	_ storage   = (*dive.Storage)(nil)
	_ idiomatic = (*dive.Storage)(nil)
	_ result    = (*dive.Result)(nil)

	_ func(r *dive.Result) (int64, error)    = dive.Value[int64]
	_ func(r *dive.Result) ([]string, error) = dive.Value[[]string]
)

// The predicates of errors.
var _ = []func(err error) bool{
	dive.IsSetupError, dive.IsInvalidStorageNameError, dive.IsDuplicateStorageError, dive.IsNewStorageError, dive.IsInvalidKeyError,
	dive.IsNodeNotFoundError, dive.IsNodeAddressNotFoundError, dive.IsDelError, dive.IsGetError, dive.IsRangeError, dive.IsPopError,
	dive.IsPushError, dive.IsInvalidValueTypeError, dive.IsSetError, dive.IsSetIfNotExistError, dive.IsInvalidTTLError,
	dive.IsInvalidRangeParametersError, dive.IsKeyExpiredError, dive.IsIncrError,
}

// The fields of Options that are the original engine's.
var _ = dive.Options{RingSize: 1, TargetNodeType: "TCP", Migration: true, MigrationBatchSize: 1, MigrationInterval: 1}
