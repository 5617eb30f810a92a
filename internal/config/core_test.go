package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/config"
)

func TestCoreNodesHaveTheirThreeForms(t *testing.T) {
	const nodes = "10.0.0.1:7400,10.0.0.2:7400,n3.internal:7400"
	for name, src := range map[string]config.Sources{
		"flags": {Flags: map[string]string{"cluster": "127.0.0.1:7300", "cluster-secret": secret, "core": "127.0.0.1:7400", "core-nodes": nodes}},
		"environment": {Environ: env(
			"PARLEY_CLUSTER", "127.0.0.1:7300", "PARLEY_CLUSTER_SECRET", secret, "PARLEY_CORE", "127.0.0.1:7400", "PARLEY_CORE_NODES", nodes)},
		"file": {File: file(t, `{"cluster": "127.0.0.1:7300", "cluster_secret": "`+secret+`", "core": "127.0.0.1:7400",
			"core_nodes": ["`+strings.ReplaceAll(nodes, ",", `", "`)+`"]}`)},
	} {
		if c := load(t, src); c.Core != "127.0.0.1:7400" || !slices.Equal(c.CoreNodes, strings.Split(nodes, ",")) {
			t.Errorf("%s: got %q, %q", name, c.Core, c.CoreNodes)
		}
	}
	if c := load(t, config.Sources{Flags: map[string]string{"core": "off"}}); c.Core != "" {
		t.Errorf("off is %q", c.Core)
	}
}

func TestMistakesOfCoreNodesAreNamed(t *testing.T) {
	for want, flags := range map[string]map[string]string{
		"--core needs cluster: a single node keeps its storages by itself":                                    {"core": "127.0.0.1:7400", "core-nodes": "a:1"},
		"--core_nodes needs cluster":                                                                          {"core-nodes": "a:1"},
		"--core needs core_nodes: the core addresses of all core nodes":                                       {"core": "127.0.0.1:7400", "cluster": "127.0.0.1:7300"},
		"--core_nodes names 2 core nodes: an odd number is needed":                                            {"core-nodes": "a:1,b:1", "cluster": "127.0.0.1:7300"},
		"--core_nodes names an address twice":                                                                 {"core-nodes": "a:1,b:1,a:1", "cluster": "127.0.0.1:7300"},
		`--core_nodes: ":7400" is no address that can be reached`:                                             {"core-nodes": ":7400", "cluster": "127.0.0.1:7300"},
		`--core: "127.0.0.1:0": a core node has a port from 1 to 65534`:                                       {"core": "127.0.0.1:0", "core-nodes": "a:1", "cluster": "127.0.0.1:7300"},
		`--core: "127.0.0.1:65535": a core node has a port from 1 to 65534`:                                   {"core": "127.0.0.1:65535", "core-nodes": "a:1", "cluster": "127.0.0.1:7300"},
		"--cluster and --core are both 127.0.0.1:7300: give each a port of its own":                           {"core": "127.0.0.1:7300", "core-nodes": "a:1", "cluster": "127.0.0.1:7300"},
		"--cluster and --core are both 127.0.0.1:7301: give each a port of its own":                           {"core": "127.0.0.1:7300", "core-nodes": "a:1", "cluster": "127.0.0.1:7301"},
		"--core: :7400 can be reached from other machines, so it needs a cluster_secret of at least 32 bytes": {"core": ":7400", "core-nodes": "a:1", "cluster": "127.0.0.1:7300"},
		"--nats and --core_nodes exclude each other: storages are on core nodes or on that NA":                {"core-nodes": "a:1", "cluster": "127.0.0.1:7300", "nats": "nats://h:4222"},
	} {
		flags["cluster-secret"] = secret
		want = strings.ReplaceAll(want, "--core_nodes", "--core-nodes")
		_, err := config.Load(config.Sources{Flags: flags})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error is\n  %v, want\n  %s", flags, err, want)
		}
	}
}
