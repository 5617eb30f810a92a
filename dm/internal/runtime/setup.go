package runtime

import (
	"fmt"
	"os"
)

// Setup reads the settings from a JSON file. What is wrong with it is kept for SetupError.
func (m *Runtime) Setup(confpath string) {
	data, err := os.ReadFile(confpath)
	if err != nil {
		m.setupErr = fmt.Errorf("dm.Setup: %w", err)

		return
	}
	s, warnings, err := ParseSettings(data)
	if err != nil {
		m.setupErr = fmt.Errorf("dm.Setup: %s: %w", confpath, err)

		return
	}
	for _, w := range warnings {
		m.callbacks.log.Warn("dm.Setup: a setting has no effect", "file", confpath, "why", w)
	}
	m.settings, m.configured = s, true
}

// SetupError implements messages.Engine.
func (m *Runtime) SetupError() error { return m.setupErr }

// Configure implements messages.Engine.
func (m *Runtime) Configure(data []byte) (warnings []string, err error) {
	s, warnings, err := ParseSettings(data)
	if err != nil {
		return nil, err
	}
	if !m.configured {
		m.settings = s
	}

	return warnings, nil
}
