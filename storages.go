package parley

import (
	"fmt"
	"log/slog"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

// configureStorages gives a module the object dive of the settings.
func configureStorages(cfg config.Config, module *dive.Module, log *slog.Logger) error {
	if cfg.Dive == nil {
		return nil
	}
	warnings, err := storages.Of(module).Configure(cfg.Dive)
	if err != nil {
		return fmt.Errorf("%s: %w", cfg.Where("dive"), err)
	}
	for _, w := range warnings {
		log.Warn("a setting of dive has no effect", "why", w)
	}

	return nil
}

// startStorages opens the way to the storages. It does not wait for other nodes: direct messages do
// not depend on storages.
func (s *Server) startStorages() error {
	engine := storages.Of(s.dive)
	if !engine.Configured() {
		for name, given := range map[string]bool{"core_nodes": len(s.cfg.CoreNodes) > 0 && s.cfg.Core == "", "nats": s.cfg.NATS != ""} {
			if given {
				s.log.Warn("a setting has no effect: no storage is configured (dive)", "setting", s.cfg.Where(name))
			}
		}
	}
	replicas := max(len(s.cfg.CoreNodes), 1)
	if s.cfg.NATS != "" {
		replicas = 0 // that cluster knows
	}

	return engine.Start(natsnode.Config{
		Node: s.cfg.Node, Clustered: s.cfg.Cluster != "", URL: s.cfg.NATS, Core: s.cfg.Core,
		CoreNodes: s.cfg.CoreNodes, Secret: s.cfg.ClusterSecret, Log: s.log,
	}, replicas)
}
