package parley

import (
	"fmt"

	"github.com/parley-dm/parley/internal/config"
)

// SetLogLevel changes how much the node logs: debug, info, warn or error.
func (s *Server) SetLogLevel(level string) error {
	if err := config.SetLevel(s.logLevel, level); err != nil {
		return fmt.Errorf("log level: %w", err)
	}

	return nil
}

// ReloadLogLevel reads the settings again and takes over the log level, as SIGHUP does for [Start]
// and "parley serve". What is wrong with them is logged, and changes nothing.
func (s *Server) ReloadLogLevel(load func() (Config, error)) {
	cfg, err := load()
	if err == nil && cfg.LogLevel != "" {
		err = s.SetLogLevel(cfg.LogLevel)
	}
	if err != nil {
		s.log.Error("the settings could not be read again: the log level stays", "error", err)

		return
	}
	s.log.Info("the log level was read again", "level", s.logLevel.Level().String())
}
