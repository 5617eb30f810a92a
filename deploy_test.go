package parley_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/config"
)

// deployed reads the files of the folder deploy, but for its own tests.
func deployed(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir("deploy", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "check" {
				return filepath.SkipDir
			}

			return nil
		}
		text, err := os.ReadFile(path)
		files[filepath.ToSlash(path)] = string(text)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return files
}

func TestDashboardAndAlertsNameMetricsThatExist(t *testing.T) {
	c := way{}.newCluster(t, 1, nil)
	_, kinds := scrape(t, c.nodes[0])
	for _, r := range parley.MetricRows() {
		kinds[r.Name] = string(r.Kind)
	}
	files := deployed(t)
	name := regexp.MustCompile(`\b(parley|go|process)_[a-z][a-z_]*[a-z]\b`)
	used := map[string]bool{}
	for _, file := range []string{"deploy/grafana/parley.json", "deploy/alerts.yaml"} {
		for _, metric := range name.FindAllString(files[file], -1) {
			base := strings.TrimSuffix(metric, "_bucket")
			if kinds[base] == "" || (base != metric) != (kinds[base] == "histogram") {
				t.Errorf("%s names the metric %s, which does not exist", file, metric)
			}
			used[base] = true
		}
	}
	if len(used) < 30 {
		t.Errorf("%d metrics are drawn", len(used))
	}
}

func TestDeploymentsNameSettingsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, s := range config.Settings() {
		known[s.Env()] = true
	}
	variable := regexp.MustCompile(`\bPARLEY_[A-Z_]*[A-Z]\b`)
	found := 0
	for file, text := range deployed(t) {
		for _, name := range variable.FindAllString(text, -1) {
			found++
			if !known[name] {
				t.Errorf("%s names the setting %s, which does not exist", file, name)
			}
		}
	}
	if found < 30 {
		t.Errorf("%d settings were found", found)
	}
}

func TestSystemdReadsTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze on this machine")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "parley.service")
	text := strings.ReplaceAll(deployed(t)["deploy/systemd/parley.service"], "/usr/local/bin/parley", self)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
