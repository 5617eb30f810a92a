package bench

import (
	"cmp"
	"fmt"
	"runtime"
)

// Machine describes the machine of a measurement.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory uint64 `json:"memory"` // bytes; 0: not known
	System string `json:"system"`
	Go     string `json:"go"`
}

func thisMachine() Machine {
	return Machine{
		CPU: cmp.Or(cpuModel(), runtime.GOARCH), Cores: runtime.NumCPU(), Memory: totalMemory(), System: kernel(), Go: runtime.Version(),
	}
}

// String is the machine in one line.
func (m Machine) String() string {
	const gib = 1 << 30
	memory := ""
	if m.Memory > 0 {
		memory = fmt.Sprintf(", %.0f GiB", float64(m.Memory)/gib)
	}

	return fmt.Sprintf("%s, %d cores%s, %s, %s, everything on this one machine", m.CPU, m.Cores, memory, m.System, m.Go)
}
