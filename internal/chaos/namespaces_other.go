//go:build !linux

package chaos

import "errors"

func newNamespaces(int) (network, error) { return nil, errors.New("network namespaces need Linux") }
