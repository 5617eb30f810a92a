package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/config"
)

func TestAClusterSecretMayStandInAFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}

		return path
	}
	c := load(t, config.Sources{Flags: map[string]string{"cluster": "127.0.0.1:0", "cluster-secret": "file:" + write("good", secret+"\n")}})
	if c.ClusterSecret != secret {
		t.Errorf("got %q", c.ClusterSecret)
	}
	if again, err := config.Complete(c); err != nil || again.ClusterSecret != secret {
		t.Errorf("once more: %v", err)
	}
	for _, bad := range []struct{ path, want string }{
		{filepath.Join(dir, "none"), "none cannot be read: "},
		{dir, "is no file with a secret"},
		{write("short", "0123456789abcde\n"), "short has 15 bytes: a cluster secret has at least 16"},
		{write("empty", ""), "empty has 0 bytes"},
		{write("named", "file:"+dir+"/good"), "named names another file: write the secret itself into it"},
		{write("long", strings.Repeat("x", 65<<10)), "long is no file with a secret: write one of at most 64 KiB"},
	} {
		_, err := config.Load(config.Sources{Flags: map[string]string{"cluster-secret": "file:" + bad.path}})
		if err == nil || !strings.HasPrefix(err.Error(), "--cluster-secret: ") || !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v, want %s", bad.path, err, bad.want)
		}
	}
}

func TestANodeMayJoinByNamesAndByItsOwnAddress(t *testing.T) {
	join := "parley_nodes.internal.:7300,n1:7301,127.0.0.1:7300,[::1]:7300,[fe80::1%eth0]:7300"
	c := load(t, config.Sources{Flags: map[string]string{
		"cluster": "127.0.0.1:7300", "cluster-secret": secret, "join": join, "advertise": "n1.example:7300", "min-members": "3",
	}})
	if strings.Join(c.Join, ",") != join || c.Advertise != "n1.example:7300" || c.MinMembers != 3 {
		t.Errorf("got %+v", c)
	}
}

func TestASecretOnTheCommandLineIsTold(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for name, row := range map[string]struct {
		flags map[string]string
		env   []string
		want  []string
	}{
		"secrets":     {map[string]string{"auth-key": key, "cluster-secret": secret, "auth-keys": "file:x," + key}, nil, []string{"--cluster-secret:", "--auth-key:", "--auth-keys:"}},
		"places":      {map[string]string{"auth-key": "file:key.pem", "auth-keys": "jwks:k.json,https://a.example/jwks"}, nil, nil},
		"environment": {nil, []string{"PARLEY_AUTH_KEY", key}, nil},
	} {
		c := load(t, config.Sources{Flags: row.flags, Environ: env(row.env...)})
		got := c.Exposures()
		if len(got) != len(row.want) {
			t.Errorf("%s: %q", name, got)

			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], row.want[i]) || strings.Contains(got[i], key) || strings.Contains(got[i], secret) {
				t.Errorf("%s: %q", name, got[i])
			}
		}
	}
}

func TestAClusterThatOtherMachinesReachHasALongSecret(t *testing.T) {
	short, long := strings.Repeat("s", 31), strings.Repeat("s", 32)
	for name, row := range map[string]struct {
		flags map[string]string
		ok    bool
	}{
		"loopback":        {map[string]string{"cluster": "127.0.0.1:0", "cluster-secret": short}, true},
		"public, short":   {map[string]string{"cluster": ":0", "cluster-secret": short}, false},
		"public, long":    {map[string]string{"cluster": ":0", "cluster-secret": long}, true},
		"public, allowed": {map[string]string{"cluster": "10.0.0.1:0", "cluster-secret": short, "insecure": "true"}, true},
	} {
		_, err := config.Load(config.Sources{Flags: row.flags})
		if (err == nil) != row.ok || err != nil && !strings.Contains(err.Error(), "--cluster: :0 can be reached from other machines, so it needs a cluster_secret of at least 32 bytes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
