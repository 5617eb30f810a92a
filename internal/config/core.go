package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
)

// checkCore is checkOptional for the address of a core node: the next port is its too.
func checkCore(text string) (string, error) {
	checked, err := checkOptional(text)
	if err != nil || checked == "" {
		return "", err
	}
	if _, port, _ := splitAddress(checked); port < 1 || port >= maxPort {
		return "", fmt.Errorf("%q: a core node has a port from 1 to %d, and the next one is for routes between core nodes", checked, maxPort-1)
	}

	return checked, nil
}

// nextPort is the address of a core node's other listener; "" if there is none.
func nextPort(core string) string {
	host, port, err := splitAddress(core)
	if err != nil {
		return ""
	}

	return net.JoinHostPort(host, strconv.Itoa(port+1))
}

// checkCore checks what the settings of the storages' place say together.
func (c *Config) checkCore() error {
	for _, s := range []struct {
		name string
		set  bool
	}{{"core", c.Core != ""}, {"core_nodes", len(c.CoreNodes) > 0}} {
		switch {
		case !s.set:
		case c.NATS != "":
			return fmt.Errorf("%s and %s exclude each other: storages are on core nodes or on that NATS cluster", c.Where("nats"), c.Where(s.name))
		case c.Cluster == "":
			return fmt.Errorf("%s needs cluster: a single node keeps its storages by itself", c.Where(s.name))
		}
	}
	if c.Core != "" && len(c.CoreNodes) == 0 {
		return fmt.Errorf("%s needs core_nodes: the core addresses of all core nodes, this one included, such as 10.0.0.1:7400", c.Where("core"))
	}
	sorted := slices.Sorted(slices.Values(c.CoreNodes))
	if n := len(slices.Compact(sorted)); n < len(c.CoreNodes) {
		return fmt.Errorf("%s names an address twice", c.Where("core_nodes"))
	} else if n > 0 && n%2 == 0 {
		return fmt.Errorf("%s names %d core nodes: an odd number is needed, since more than half must be up", c.Where("core_nodes"), n)
	}

	return nil
}
