package bench

import (
	"context"
	"fmt"
)

// measureIdle measures the memory of idle users on fresh servers.
func (s *Setup) measureIdle(ctx context.Context, c *Contender, m CompareOptions) error {
	if m.Users == 0 || !canMeasure || c.startFresh == nil {
		return nil
	}
	measure := func(start starter) (float64, error) {
		sys, err := start(ctx, 1)
		if err != nil {
			return 0, err
		}
		defer sys.stop()
		memory, err := s.measureMemory(ctx, sys, m.Users, m.Settle)

		return memory.PerUser, err
	}
	var err error
	if c.Memory, err = measure(c.startFresh); err == nil && c.parleySetup != nil {
		ws := *c.parleySetup
		ws.WebSocket = true
		c.MemoryWS, err = measure(ws.parleyNodes)
	}

	return err
}

// measureIdleCompetitors measures idle users of the competitors whose processes are known. It runs
// before the rounds, because a server may keep memory after a load.
func (s *Setup) measureIdleCompetitors(ctx context.Context, all []*Contender, m CompareOptions) error {
	for _, c := range all {
		if c.startFresh != nil || len(c.system.pids) == 0 || m.Users == 0 || !canMeasure {
			continue
		}
		memory, err := s.progressPart(0, 0, c.Name).measureMemory(ctx, c.system, m.Users, m.Settle)
		if err != nil {
			return fmt.Errorf("%s, idle users: %w", c.Name, err)
		}
		if _, ws := c.system.proto.(centrifugoProtocol); ws {
			c.MemoryWS = memory.PerUser
		} else {
			c.Memory = memory.PerUser
		}
	}

	return nil
}
