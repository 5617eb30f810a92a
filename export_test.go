package parley

import "time"

// Flap has the links of the node to others cut at random, about so often.
func (s *Server) Flap(every time.Duration) { s.flap = every }
