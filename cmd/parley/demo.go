package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-dm/parley/internal/demo"
)

type demoCommand struct {
	Once bool `help:"End after the tour instead of staying up."`
	Fast bool `help:"Without the pauses before the steps."`
}

// Run gives the tour.
func (c *demoCommand) Run(ctx context.Context, s *streams) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("the path of this program is unknown: %w", err)
	}

	return demo.Run(ctx, demo.Options{Out: s.out, Once: c.Once, Fast: c.Fast, Program: program, Command: invocation(program)})
}

// invocation is the text that starts this program in a shell: its path, or `go run` for a binary
// that go run has built.
func invocation(program string) string {
	if dir := filepath.Dir(program); filepath.Base(dir) == "exe" && strings.Contains(dir, "go-build") {
		if _, err := os.Stat(filepath.Join("cmd", "parley", "main.go")); err == nil {
			return "go run ./cmd/parley"
		}
	}
	if strings.ContainsAny(program, " '\"$&;()*?") {
		return "'" + strings.ReplaceAll(program, "'", `'\''`) + "'"
	}

	return program
}
