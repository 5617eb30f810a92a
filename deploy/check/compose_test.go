package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
)

func TestComposeReadsItsFile(t *testing.T) {
	secrets := []string{"PARLEY_CLUSTER_SECRET=0123456789abcdef", "PARLEY_AUTH_KEY=0123456789abcdef0123456789abcdef", "PARLEY_ADMIN_KEY=0123456789abcdef"}
	load := func(env []string) (map[string]map[string]string, error) {
		options, err := cli.NewProjectOptions([]string{"../compose.yaml"}, cli.WithEnv(env))
		if err != nil {
			return nil, err
		}
		project, err := options.LoadProject(t.Context())
		if err != nil {
			return nil, err
		}
		nodes := map[string]map[string]string{}
		for name, s := range project.Services {
			nodes[name] = map[string]string{"health": strings.Join(s.HealthCheck.Test, " ")}
			for key, value := range s.Environment {
				nodes[name][key] = *value
			}
			for _, p := range s.Ports {
				if p.HostIP != "127.0.0.1" {
					t.Errorf("%s: port %s is published at %q", name, p.Published, p.HostIP)
				}
			}
		}

		return nodes, nil
	}
	nodes, err := load(secrets)
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 3 {
		t.Errorf("%d nodes", len(nodes))
	}
	for name, env := range nodes {
		if env["PARLEY_NODE"] != name || env["PARLEY_ADVERTISE"] != name+":7300" || !strings.Contains(env["PARLEY_JOIN"], name+":7300") ||
			env["PARLEY_CLUSTER_SECRET"] != "0123456789abcdef" || env["health"] != "CMD /parley ready --url http://127.0.0.1:7600" {
			t.Errorf("%s: %v", name, env)
		}
	}
	for i := range secrets {
		if _, err := load(slices.Delete(slices.Clone(secrets), i, i+1)); err == nil {
			t.Errorf("without %s nothing is wrong", secrets[i])
		}
	}
}
