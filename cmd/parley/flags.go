package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/parley-dm/parley/internal/config"
)

// settingsFlags makes kong's flags of the table of settings. Their values stay texts: config reads
// them as it reads variables and files, and says what is wrong with them.
func settingsFlags() kong.Plugins {
	var fields []reflect.StructField
	for i, s := range config.Settings() {
		if s.Kind == config.Object {
			continue // only in files
		}
		kind, help := reflect.TypeFor[string](), s.Help
		if s.Kind == config.Switch {
			kind = reflect.TypeFor[bool]()
		} else if s.Default != "" {
			help += " (default: " + s.Default + ")"
		}
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Setting%d", i),
			Type: kind,
			Tag:  reflect.StructTag(fmt.Sprintf(`name:%q placeholder:%q help:%q group:"Settings"`, s.Flag(), s.Value, strings.ReplaceAll(help, "$", "$$"))),
		})
	}

	for i, r := range config.RetiredSettings() { // config says what to set instead
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Retired%d", i),
			Type: reflect.TypeFor[string](),
			Tag:  reflect.StructTag(fmt.Sprintf(`name:%q hidden:""`, r.Flag())),
		})
	}

	return kong.Plugins{reflect.New(reflect.StructOf(fields)).Interface()}
}

// givenSettings are the flags of the table that stand on the command line, as they were written.
func givenSettings(parsed *kong.Context) map[string]string {
	known := map[string]bool{}
	for _, s := range config.Settings() {
		known[s.Flag()] = s.Kind != config.Object
	}
	for _, r := range config.RetiredSettings() {
		known[r.Flag()] = true
	}
	given := map[string]string{}
	for _, part := range parsed.Path {
		if part.Flag != nil && known[part.Flag.Name] {
			given[part.Flag.Name] = fmt.Sprint(parsed.FlagValue(part.Flag))
		}
	}

	return given
}
