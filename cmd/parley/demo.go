package main

import (
	"context"

	"github.com/parley-dm/parley/internal/demo"
)

type demoCommand struct {
	Once bool `help:"End after the tour instead of staying up."`
}

// Run gives the tour.
func (c *demoCommand) Run(ctx context.Context, s *streams) error {
	return demo.Run(ctx, demo.Options{Out: s.out, Once: c.Once})
}
