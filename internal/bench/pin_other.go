//go:build !linux

package bench

import "errors"

const canPin = false

func pin() (unpin func() error, err error) {
	return nil, errors.New("processes are tied to a processor on Linux only")
}
