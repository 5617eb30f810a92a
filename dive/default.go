package dive

import "fmt"

// Default is the module of the default node, which the package-level functions act on.
var Default = NewModule()

// Setup reads the default node's storages from a JSON file: see [Module.Setup].
func Setup(confpath string) { Default.Setup(confpath) }

// GetStorageByName returns a storage of the default node, nil if there is none of that name.
func GetStorageByName(name string) *Storage { return Default.GetStorageByName(name) }

// New makes a storage of the default node: see [Module.New].
func New(name string, options *Options) (*Storage, error) { return Default.New(name, options) }

// IsReadyToShutdown tells whether no operation of the default node is under way.
func IsReadyToShutdown() bool { return Default.IsReadyToShutdown() }

// SetOnPush adds a callback to the pushes of a storage of the default node: see
// [Storage.SetOnPush]. The error is [ErrUnknownStorage] if there is none of that name.
func SetOnPush(name string, cb PushCallback) error {
	s, err := known(name)
	if err == nil {
		s.SetOnPush(cb)
	}

	return err
}

// SetOnLRange adds a callback to LRange of a storage of the default node: see
// [Storage.SetOnLRange]. The error is [ErrUnknownStorage] if there is none of that name.
func SetOnLRange(name string, cb RangeCallback) error {
	s, err := known(name)
	if err == nil {
		s.SetOnLRange(cb)
	}

	return err
}

func known(name string) (*Storage, error) {
	s := GetStorageByName(name)
	if s == nil {
		return nil, &Error{Op: opSetup, Storage: name, Err: fmt.Errorf("%w of that name is in dive.json, and New has made none", ErrUnknownStorage)}
	}

	return s, nil
}
