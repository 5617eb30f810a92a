package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

const (
	minClusterSecret = 16
	// minPublicSecret is for a cluster that other machines reach: what they record of it can be
	// tried against guesses of the secret.
	minPublicSecret = 32
	// maxSecretFile bounds what is read of a file: a device would never end.
	maxSecretFile = 64 << 10
	// inFile marks a secret that stands in a file.
	inFile = "file:"
)

// readClusterSecret returns the cluster secret: see readSecret.
func readClusterSecret(text string) (string, error) { return readSecret(text, "a cluster secret") }

// readSecret returns a secret: the text itself, or what the file that it names holds, without white
// space around it. No error shows any of it.
func readSecret(text, kind string) (string, error) {
	path, named := strings.CutPrefix(text, inFile)
	if !named {
		return text, checkSecret(text, "it", kind)
	}
	info, err := os.Stat(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", unreadable(path, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSecretFile {
		return "", fmt.Errorf("%s is no file with a secret: write one of at most %d KiB", path, maxSecretFile>>10)
	}
	data, err := os.ReadFile(path) //nolint:gosec // as above
	if err != nil {
		return "", unreadable(path, err)
	}
	secret := strings.TrimSpace(string(data))
	if strings.HasPrefix(secret, inFile) {
		return "", errors.New(path + " names another file: write the secret itself into it")
	}

	return secret, checkSecret(secret, path, kind)
}

func checkSecret(secret, what, kind string) error {
	if len(secret) < minClusterSecret {
		return fmt.Errorf("%s has %d bytes: %s has at least %d", what, len(secret), kind, minClusterSecret)
	}

	return nil
}

// inPlace tells whether the value of a setting is a secret itself, and not the name of its place.
func inPlace(value string) bool {
	for _, prefix := range []string{inFile, "jwks:", "https://", "http://"} {
		if strings.HasPrefix(strings.TrimSpace(value), prefix) {
			return false
		}
	}

	return value != ""
}

// expose notes a secret that stands on the command line.
func (c *Config) expose(s Setting, value string) {
	values := []string{value}
	if s.Kind == List {
		values = splitList(value)
	}
	if s.Secret && slices.ContainsFunc(values, inPlace) {
		c.Exposed = append(c.Exposed, s.Name)
	}
}

// Exposures are what the log should say of secrets that other users of the machine can see.
func (c *Config) Exposures() []string {
	var list []string
	for _, s := range Settings() {
		if slices.Contains(c.Exposed, s.Name) {
			list = append(list, fmt.Sprintf(
				"--%s: other users of this machine can read the command line: write the secret into a file and give file:PATH, or set %s", s.Flag(), s.Env()))
		}
	}

	return list
}
