package bench

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Binary is a parley binary to measure nodes of.
type Binary struct {
	Name string // in tables
	Path string
}

// selfBinary names this program in --binary.
const selfBinary = "self"

// ParseBinaries reads the values of --binary, [NAME=]PATH or self, which stands for this program.
func ParseBinaries(values []string) ([]Binary, error) {
	var all []Binary
	for _, value := range values {
		b := Binary{Name: parleyName}
		path := value
		if name, rest, named := strings.Cut(value, "="); named && !strings.ContainsRune(name, filepath.Separator) {
			b.Name, path = name, rest
		} else if path != selfBinary {
			b.Name = path
		}
		if b.Name == "" || path == "" {
			return nil, fmt.Errorf("--binary %s: write NAME=PATH, PATH or %s", value, selfBinary)
		}
		if path != selfBinary {
			found, err := exec.LookPath(path)
			if err != nil {
				return nil, fmt.Errorf("--binary %s: %w", value, err)
			}
			b.Path = found
		}
		if slices.ContainsFunc(all, func(other Binary) bool { return other.Name == b.Name }) {
			return nil, fmt.Errorf("--binary %s: %s is the name of two: write NAME=PATH", value, b.Name)
		}
		all = append(all, b)
	}

	return all, nil
}

// errOneBinary rejects several binaries for a command that measures one cluster.
var errOneBinary = errors.New("--binary: give one here; compare, idle, connect, first and notice take several in turn")

// singleBinary returns a Setup with the only binary, if any, or errOneBinary.
func (s *Setup) singleBinary() (*Setup, error) {
	all := s.perBinary()
	if len(all) > 1 {
		return nil, errOneBinary
	}

	return all[0], nil
}

// perBinary returns a Setup for each binary.
func (s *Setup) perBinary() []*Setup {
	if len(s.Binaries) == 0 {
		return []*Setup{s}
	}
	var all []*Setup
	for _, b := range s.Binaries {
		sub := *s
		sub.binary = b
		all = append(all, &sub)
	}

	return all
}

// rowName is the name of a row in tables: with several binaries that of the binary stands in it.
func (s *Setup) rowName(text, binary string) string {
	if len(s.Binaries) < 2 {
		return text
	}

	return binary + ", " + text
}
