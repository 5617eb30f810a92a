package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker (see the Makefile); a binary that was built without it names its
// module's version.
var version string

type versionCommand struct{}

// Run prints the version.
func (*versionCommand) Run(s *streams) error {
	_, err := fmt.Fprintln(s.out, versionLine())

	return err
}

func versionLine() string {
	return fmt.Sprintf("parley %s %s %s/%s", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(version, info.Main.Version, "(devel)")
	}

	return cmp.Or(version, "(devel)")
}
