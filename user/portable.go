package user

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
)

// MaxMovedBytes bounds the data of one user that go along to another node, encoded, in bytes.
const MaxMovedBytes = 64 << 10

// A user's data ([User.Set]) go along when the node stops and the user comes back on another one
// within the grace time. These types do so by themselves:
//
//	bool, all integers and floats, string, []byte     slices of them
//	map[string]T with T one of those                  map[string]any and []any of what can go
//	time.Time, time.Duration                          nil
//
// All other types, those with a name of their own included, must be given to RegisterType.

// codec is how values of a registered type travel.
type codec struct {
	name   string
	encode func(any) ([]byte, error)
	decode func([]byte) (any, error)
	ours   bool // the functions are of this package: they do not block
}

// codecs holds the registered types.
var codecs = newCodecs()

type codecSet struct {
	mu     sync.RWMutex
	byType map[reflect.Type]*codec // guarded by mu
	byName map[string]*codec       // guarded by mu
}

// RegisterType lets values of type T go along with a user to another node. Name tells the type on
// both nodes, whatever package it is in: it must be the same on all nodes, and 1 to 255 bytes. Both
// functions may be called on any goroutine. Encode runs like the function given to [User.Update]:
// it must not call methods of the user. A value that either function refuses or panics on is left
// behind, and the log says so.
//
// It is to be called before the node starts. It panics if the name or the type has been registered,
// or goes along anyway.
func RegisterType[T any](name string, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t := reflect.TypeFor[T]()
	switch {
	case name == "" || len(name) > maxTypeName:
		panic(fmt.Sprintf("user: RegisterType of %s: the name %q has %d bytes, not 1 to %d", t, name, len(name), maxTypeName))
	case encode == nil || decode == nil:
		panic(fmt.Sprintf("user: RegisterType of %s: a function is nil", t))
	case t.Kind() == reflect.Interface:
		panic(fmt.Sprintf("user: RegisterType of %s: an interface is not the type of any value", t))
	case plain(t):
		panic(fmt.Sprintf("user: RegisterType of %s: it goes along without", t))
	}
	codecs.add(t, newCodec(name, encode, decode))
}

const maxTypeName = 255

func newCodec[T any](name string, encode func(T) ([]byte, error), decode func([]byte) (T, error)) *codec {
	return &codec{
		name:   name,
		encode: func(v any) ([]byte, error) { return encode(v.(T)) }, //nolint:forcetypeassert // found by its type
		decode: func(b []byte) (any, error) { return decode(b) },
	}
}

func (s *codecSet) add(t reflect.Type, c *codec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byType[t] != nil {
		panic(fmt.Sprintf("user: RegisterType of %s: it has been registered", t))
	}
	if s.byName[c.name] != nil {
		panic(fmt.Sprintf("user: RegisterType of %s: the name %q has been registered", t, c.name))
	}
	s.byType[t], s.byName[c.name] = c, c
}

func (s *codecSet) ofType(t reflect.Type) *codec {
	s.mu.RLock()
	defer s.mu.RUnlock()

	return s.byType[t]
}

func (s *codecSet) ofName(name string) *codec {
	s.mu.RLock()
	defer s.mu.RUnlock()

	return s.byName[name]
}

var errDuration = errors.New("a duration has 8 bytes")

// newCodecs returns a set with the types of this package's own.
func newCodecs() *codecSet {
	s := &codecSet{byType: map[reflect.Type]*codec{}, byName: map[string]*codec{}}
	moment := newCodec("time.Time", time.Time.MarshalBinary, func(b []byte) (time.Time, error) {
		var t time.Time
		err := t.UnmarshalBinary(b)

		return t, err
	})
	duration := newCodec("time.Duration", func(d time.Duration) ([]byte, error) {
		return binary.BigEndian.AppendUint64(nil, uint64(d)), nil
	}, func(b []byte) (time.Duration, error) {
		if len(b) != 8 {
			return 0, errDuration
		}

		return time.Duration(binary.BigEndian.Uint64(b)), nil
	})
	moment.ours, duration.ours = true, true
	s.add(reflect.TypeFor[time.Time](), moment)
	s.add(reflect.TypeFor[time.Duration](), duration)

	return s
}
