package parley

import (
	"log/slog"
	"time"
)

// Flap has the links of the node to others cut at random, about so often.
func (s *Server) Flap(every time.Duration) { s.flap = every }

// SetLog gives the node another logger. It has not been started.
func (s *Server) SetLog(l *slog.Logger) { s.log = l }
