package config_test

import (
	"testing"

	"github.com/parley-dm/parley/internal/config"
)

func TestVariablesOfOthersAreNotRefused(t *testing.T) {
	for _, pair := range []string{
		"PATH=/bin", "PARLEY=1", "NOT_PARLEY_X=1", "PARLEY_TOKEN=t", "PARLEY_URL=tcp://h:1", "PARLEY_TEST_SERVER=1", "PARLEY_CHAOS_SEED=7",
		"PARLEY_CLUSTRE=", "PARLEY_MESH=",
		// a container platform's, for the services parley and parley-cluster
		"PARLEY_SERVICE_HOST=10.0.0.1", "PARLEY_SERVICE_PORT=7200", "PARLEY_SERVICE_PORT_TCP=7200", "PARLEY_PORT=tcp://10.0.0.1:7200",
		"PARLEY_PORT_7200_TCP=tcp://10.0.0.1:7200", "PARLEY_PORT_7200_TCP_PROTO=tcp", "PARLEY_PORT_7200_TCP_PORT=7200",
		"PARLEY_PORT_7300_UDP_ADDR=10.0.0.1", "PARLEY_CLUSTER_SERVICE_HOST=10.0.0.1", "PARLEY_CLUSTER_PORT=udp://10.0.0.1:7300",
	} {
		if _, err := config.Load(config.Sources{Environ: []string{pair}}); err != nil {
			t.Errorf("%s: %v", pair, err)
		}
	}
}
