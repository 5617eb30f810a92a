package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/parley-dm/parley/internal/config"
)

func parse(t *testing.T, args ...string) *kong.Context {
	t.Helper()
	var c commands
	c.Serve.Plugins = settingsFlags()
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}

	return parsed
}

func TestTheFlagsOfServeAreTheTableOfSettings(t *testing.T) {
	var flags, settings []string
	for _, flag := range parse(t, "serve").Selected().Flags {
		if flag.Name != "config" && !flag.Hidden {
			flags = append(flags, flag.Name+": "+flag.PlaceHolder)
		}
	}
	for _, s := range config.Settings() {
		if s.Kind != config.Object {
			settings = append(settings, s.Flag()+": "+s.Value)
		}
	}
	slices.Sort(flags)
	slices.Sort(settings)
	if !slices.Equal(flags, settings) {
		t.Errorf("the flags are\n %q, the settings\n %q", flags, settings)
	}
}

func TestOnlyFlagsThatWereGivenCount(t *testing.T) {
	for _, c := range []struct {
		args []string
		want map[string]string
	}{
		{[]string{"serve"}, map[string]string{}},
		{[]string{"serve", "--config", "f", "--tcp=off", "--join", "a:1,b:2"}, map[string]string{"tcp": "off", "join": "a:1,b:2"}},
		{[]string{"serve", "--insecure", "--node="}, map[string]string{"insecure": "true", "node": ""}},
		{[]string{"serve", "--insecure=false"}, map[string]string{"insecure": "false"}},
		{[]string{"serve", "--min-members", "2", "--mesh", "off"}, map[string]string{"min-members": "2", "mesh": "off"}},
		{[]string{"serve", "--tcp", "a", "--tcp", "b"}, map[string]string{"tcp": "b"}},
	} {
		if got := givenSettings(parse(t, c.args...)); !maps.Equal(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.args, got, c.want)
		}
	}
}
