package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/parley-dm/parley/internal/strictjson"
)

// Sources says where the settings of a node come from.
type Sources struct {
	// File is a JSON file; empty: what the variable PARLEY_CONFIG names, if anything.
	File string
	// Environ is the environment, "NAME=value" each, as os.Environ returns it.
	Environ []string
	// Flags holds the flags that were given, by setting or by flag name, without the dashes before
	// it.
	Flags map[string]string
	// OwnAuth says that the program may authenticate by itself.
	OwnAuth bool
}

// Load reads the settings, a flag before a variable before the file before the default, and checks
// them.
func Load(src Sources) (Config, error) {
	c := Config{Origins: map[string]string{}}
	env := src.env()
	file := src.File
	if file == "" {
		file = env[EnvPrefix+"CONFIG"]
	}
	if err := c.loadFile(file); err != nil {
		return Config{}, err
	}
	if err := c.loadEnv(env); err != nil {
		return Config{}, err
	}
	if err := c.loadFlags(src.Flags); err != nil {
		return Config{}, err
	}

	c.OwnAuth = src.OwnAuth && len(c.Keys()) == 0

	return Complete(c)
}

// put sets one setting and remembers where its value came from.
func (c *Config) put(s Setting, text, origin string) error {
	if err := s.set(c, text); err != nil {
		return fmt.Errorf("%s: %w", origin, err)
	}
	c.Origins[s.Name] = origin

	return nil
}

func (c *Config) loadFlags(flags map[string]string) error {
	left := len(flags)
	for _, s := range Settings() {
		value, ok := flags[s.Flag()]
		if !ok {
			value, ok = flags[s.Name]
		}
		if !ok || s.Kind == Object {
			continue
		}
		left--
		if err := c.put(s, value, "--"+s.Flag()); err != nil {
			return err
		}
		c.expose(s, value)
	}
	if left > 0 {
		return unknownFlag(flags)
	}

	return nil
}

func unknownFlag(flags map[string]string) error {
	for _, r := range RetiredSettings() {
		for _, name := range []string{r.Name, r.Flag()} {
			if _, given := flags[name]; given {
				return r.refused("--" + r.Flag())
			}
		}
	}
	known := map[string]bool{}
	names := []string{}
	for _, s := range Settings() {
		if s.Kind != Object {
			known[s.Name], known[s.Flag()] = true, true
			names = append(names, s.Flag())
		}
	}
	for name := range flags {
		if !known[name] {
			return errors.New(strictjson.Unknown("flag", name, names))
		}
	}

	return errors.New("a flag is given by both of its names")
}

func (c *Config) loadFile(file string) error {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return unreadable(file, err)
	}
	if err := c.parse(data, file); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}

	return nil
}

// unreadable makes one line of what the operating system says.
func unreadable(file string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s cannot be read: %w", file, path.Err)
	}

	return fmt.Errorf("%s cannot be read: %w", file, err)
}

// parse reads the text of a file.
func (c *Config) parse(data []byte, file string) error {
	table := Settings()
	names := make([]string, len(table))
	for i, s := range table {
		names[i] = s.Name
	}
	fields, err := strictjson.Object(data, names)
	if err != nil {
		return retiredKey(data, names, err)
	}
	for _, field := range fields {
		for _, s := range table {
			if s.Name != field.Key {
				continue
			}
			text, err := s.read(field)
			if err != nil {
				return err
			}
			if err := s.set(c, text); err != nil {
				return field.Refuse("is wrong: " + err.Error())
			}
			c.Origins[s.Name] = fmt.Sprintf("%q in %s", s.Name, file)
		}
	}

	return nil
}

// retiredKey puts the line about a retired key, if the file has one, in the place of err, which
// knows only that there is no such key.
func retiredKey(data []byte, names []string, err error) error {
	retired := RetiredSettings()
	for _, r := range retired {
		names = append(names, r.Name)
	}
	fields, other := strictjson.Object(data, names)
	if other != nil {
		return err // it has more mistakes: the first one
	}
	for _, field := range fields {
		for _, r := range retired {
			if r.Name == field.Key {
				return field.Refuse("is no setting any more: " + r.Instead)
			}
		}
	}

	return err
}

// read takes the setting's value out of a file's field, in the form that a flag would have.
func (s Setting) read(field strictjson.Field) (string, error) {
	switch s.Kind {
	case Switch:
		on, err := field.Bool()

		return strconv.FormatBool(on), err
	case List:
		list, err := field.Strings()

		return strings.Join(list, ","), err
	case Object:
		raw, err := field.Object()

		return string(raw), err
	case Number:
		n, err := field.Int()

		return strconv.Itoa(n), err
	case Fraction:
		n, err := field.Float()

		return strconv.FormatFloat(n, 'g', -1, 64), err
	case Text:
	}

	return field.String()
}
