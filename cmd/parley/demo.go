package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-dm/parley/internal/demo"
)

type demoCommand struct {
	Once   bool   `help:"End after the tour instead of staying up, and show no page."`
	Fast   bool   `help:"Without the pauses before the steps of the tour."`
	NoTour bool   `help:"Only the page, without the tour in the terminal."`
	NoOpen bool   `help:"Print the page's address, and open no browser."`
	Listen string `help:"Where the page is served (default: 127.0.0.1:7070, or another port if that is taken). Other machines reach all users and nodes of the demo at an address such as 0.0.0.0:7070." placeholder:"ADDR"`
}

// Run starts the nodes, shows the page and gives the tour.
func (c *demoCommand) Run(ctx context.Context, s *streams) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("the path of this program is unknown: %w", err)
	}
	if c.Once && (c.NoTour || c.Listen != "") {
		return errors.New("--once ends after the tour and shows no page: it goes with neither --no-tour nor --listen")
	}

	return demo.Run(ctx, demo.Options{
		Out: s.out, Once: c.Once, Fast: c.Fast, NoTour: c.NoTour, NoOpen: c.NoOpen, Listen: c.Listen,
		Program: program, Command: invocation(program),
	})
}

// demoNode is one node of the demo, in a process of its own.
type demoNode struct{}

// Run serves until it is told to stop or the demo is gone.
func (demoNode) Run(ctx context.Context, s *streams) error { return demo.ServeNode(ctx, s.in, s.out) }

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
