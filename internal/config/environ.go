package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-dm/parley/internal/strictjson"
)

// The environment of a node. Every variable that begins with PARLEY_ is a setting, or belongs to
// one of the families below; any other is refused, as an unknown key of a file is.

// otherVariables are read by other commands than serve, or by the project's tools.
var otherVariables = []string{
	EnvPrefix + "CONFIG", // the name of the file
	EnvPrefix + "TOKEN",  // of chat and send, as PARLEY_URL
	EnvPrefix + "URL",
	EnvPrefix + "ADMIN_URL",  // of parley admin
	EnvPrefix + "CHAOS_SEED", // of the chaos test
}

// testPrefix begins the variables of the project's tests.
const testPrefix = EnvPrefix + "TEST_"

// A container platform sets such variables for every service whose name begins with "parley": they
// hold addresses and ports of that service. PARLEY_PORT counts only with a URL: with a number it is
// a mistake for a setting.
var (
	serviceVariable = regexp.MustCompile(`^PARLEY_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	serviceURL      = regexp.MustCompile(`^PARLEY_([A-Z0-9_]+_)?PORT$`)
	urlOfService    = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// ofService reports whether a container platform has made the variable.
func ofService(name, value string) bool {
	return serviceVariable.MatchString(name) || serviceURL.MatchString(name) && urlOfService.MatchString(value)
}

// env returns the environment's PARLEY_ variables that are not empty, by name.
func (src *Sources) env() map[string]string {
	vars := map[string]string{}
	for _, pair := range src.Environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, EnvPrefix) && value != "" {
			vars[name] = value
		}
	}

	return vars
}

func (c *Config) loadEnv(vars map[string]string) error {
	known := map[string]bool{}
	for _, s := range Settings() {
		if s.Kind == Object {
			continue
		}
		known[s.Env()] = true
		if value, ok := vars[s.Env()]; ok {
			if err := c.put(s, value, s.Env()); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) { // the same mistake at every start
		if !known[name] && !slices.Contains(otherVariables, name) && !strings.HasPrefix(name, testPrefix) && !ofService(name, vars[name]) {
			return unknownVariable(name)
		}
	}

	return nil
}

func unknownVariable(name string) error {
	names := []string{EnvPrefix + "CONFIG"}
	for _, s := range Settings() {
		switch {
		case s.Kind != Object:
			names = append(names, s.Env())
		case s.Env() == name:
			return fmt.Errorf("%s is no variable: the object %q stands in a file, see PARLEY_CONFIG", name, s.Name)
		}
	}
	for _, r := range RetiredSettings() {
		if (Setting{Name: r.Name}).Env() == name {
			return r.refused(name)
		}
	}

	return errors.New(strictjson.Unknown("variable", name, names))
}
