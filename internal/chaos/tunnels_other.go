//go:build !linux

package chaos

import "errors"

func newTunnels(int, string, uint64, ...string) (network, error) {
	return nil, errors.New("networks of their own need Linux")
}
