package dive

import (
	"errors"
	"slices"
)

// The predicates are the original engine's (docs/migrate.md). Those that are named for an operation
// tell which one has failed, whatever the reason; the others tell the reason, as errors.Is does.

// IsSetupError tells whether the settings were wrong.
func IsSetupError(err error) bool { return errors.Is(err, ErrSetup) }

// IsInvalidStorageNameError tells whether a storage's name is none or is not known.
func IsInvalidStorageNameError(err error) bool { return errors.Is(err, ErrUnknownStorage) }

// IsDuplicateStorageError tells whether a storage was to be made that is there.
func IsDuplicateStorageError(err error) bool { return errors.Is(err, ErrDuplicateStorage) }

// IsNewStorageError tells whether New has failed.
func IsNewStorageError(err error) bool { return failed(err, opNew) }

// IsInvalidKeyError tells whether a key was empty or too long.
func IsInvalidKeyError(err error) bool { return errors.Is(err, ErrInvalidKey) }

// IsNodeNotFoundError tells whether no node that keeps the storage could be reached.
func IsNodeNotFoundError(err error) bool { return errors.Is(err, ErrUnavailable) }

// IsNodeAddressNotFoundError is the same as [IsNodeNotFoundError]: the engine tells them not apart.
func IsNodeAddressNotFoundError(err error) bool { return errors.Is(err, ErrUnavailable) }

// IsDelError tells whether Del has failed.
func IsDelError(err error) bool { return failed(err, opDel) }

// IsGetError tells whether Get or GetEx has failed, or a conversion of what it returned.
func IsGetError(err error) bool { return failed(err, opGet) }

// IsRangeError tells whether LRange or LRangeEx has failed.
func IsRangeError(err error) bool { return failed(err, opLRange) }

// IsPopError tells whether a pop has failed.
func IsPopError(err error) bool { return failed(err, opLPop, opRPop) }

// IsPushError tells whether a push has failed.
func IsPushError(err error) bool { return failed(err, opLPush, opRPush) }

// IsInvalidValueTypeError tells whether a value's type is not kept, or is another than was asked
// for.
func IsInvalidValueTypeError(err error) bool {
	return errors.Is(err, ErrInvalidValue) || errors.Is(err, ErrKind)
}

// IsSetError tells whether Set or SetEx has failed.
func IsSetError(err error) bool { return failed(err, opSet) }

// IsSetIfNotExistError tells whether SetIfNotExists or SetIfNotExistsEx has failed, also if the key
// had a value: errors.Is with [ErrExists] tells that.
func IsSetIfNotExistError(err error) bool { return failed(err, opSetIfNotExists) }

// IsInvalidTTLError tells whether a time to live was out of bounds.
func IsInvalidTTLError(err error) bool { return errors.Is(err, ErrInvalidTTL) }

// IsInvalidRangeParametersError tells whether a range or the number of elements to pop was wrong.
func IsInvalidRangeParametersError(err error) bool { return errors.Is(err, ErrInvalidRange) }

// IsKeyExpiredError tells whether the key was not there. Whether it has expired or was never set is
// not kept.
func IsKeyExpiredError(err error) bool { return errors.Is(err, ErrNotFound) }

// IsIncrError tells whether IncrBy or IncrByEx has failed.
func IsIncrError(err error) bool { return failed(err, opIncrBy) }

func failed(err error, ops ...string) bool {
	e, ok := errors.AsType[*Error](err)

	return ok && slices.Contains(ops, e.Op)
}
