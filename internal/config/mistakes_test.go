package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/config"
)

func TestEveryMistakeIsOneLineThatSaysWhereWhatAndWhatIsRight(t *testing.T) {
	const long = "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		file  string
		flags map[string]string
		env   []string
		want  string
	}{
		"unknown key": {
			file: "{\n\"clustersecret\": \"x\"}", want: `parley.json: line 2: unknown key "clustersecret" (did you mean "cluster_secret"?); valid: node, tcp,`,
		},
		"broken file":    {file: `{"tcp"`, want: "parley.json: line 1: it is no JSON: "},
		"wrong type":     {file: "{\n\n\"tcp\": 7200}", want: `parley.json: line 3: "tcp" must be a string`},
		"list as string": {file: `{"join": "a:1,b:2"}`, want: `parley.json: line 1: "join" must be an array of strings`},
		"wrong value":    {file: `{"tcp": "7200"}`, want: `parley.json: line 1: "tcp" is wrong: "7200" is no address: write host:port, such as 127.0.0.1:7200, or off`},
		"dm no object":   {file: `{"dm": "dm.json"}`, want: `"dm" must be an object`},

		"unknown flag":      {flags: map[string]string{"clutser": "x"}, want: `unknown flag "clutser" (did you mean "cluster"?); valid: node, tcp,`},
		"flag":              {flags: map[string]string{"http": "localhost"}, want: `--http: "localhost" is no address`},
		"unknown variable":  {env: []string{"PARLEY_CLUSTRE", ":0"}, want: `unknown variable "PARLEY_CLUSTRE" (did you mean "PARLEY_CLUSTER"?); valid: PARLEY_CONFIG, PARLEY_NODE,`},
		"object variable":   {env: []string{"PARLEY_DM", "{}"}, want: `PARLEY_DM is no variable: the object "dm" stands in a file, see PARLEY_CONFIG`},
		"port variable":     {env: []string{"PARLEY_PORT", "7200"}, want: `unknown variable "PARLEY_PORT"`},
		"variable":          {env: []string{"PARLEY_HTTP", "localhost:x"}, want: `PARLEY_HTTP: "localhost:x" has no port from 0 to 65535`},
		"port":              {flags: map[string]string{"tcp": "127.0.0.1:65536"}, want: `--tcp: "127.0.0.1:65536" has no port from 0 to 65535`},
		"switch":            {env: []string{"PARLEY_INSECURE", "maybe"}, want: `PARLEY_INSECURE: "maybe" is neither true nor false`},
		"level":             {flags: map[string]string{"log-level": "loud"}, want: `--log-level: "loud" is none of debug, info, warn, error`},
		"format":            {flags: map[string]string{"log_format": "xml"}, want: `--log-format: "xml" is none of text, json`},
		"heartbeat no unit": {flags: map[string]string{"heartbeat": "15"}, want: `--heartbeat: "15" is no duration: write it with its unit, such as 15s`},
		"heartbeat short":   {flags: map[string]string{"heartbeat": "1ms"}, want: "--heartbeat: 1ms is out of bounds: from 100ms to 10m0s"},
		"node":              {flags: map[string]string{"node": "a b"}, want: `--node: "a b" has the character ' ': a node name has letters,`},
		"node long":         {flags: map[string]string{"node": strings.Repeat("n", 65)}, want: "--node: it has 65 bytes: a node name has at most 64"},
		"node empty":        {file: `{"node": ""}`, want: `"node" is wrong: it is empty`},

		"short admin key":       {flags: map[string]string{"admin-key": "short"}, want: "--admin-key: it has 5 bytes: an admin key has at least 16"},
		"admin key with spaces": {flags: map[string]string{"admin-key": "an admin key of tests"}, want: "--admin-key: it must be printable ASCII without spaces"},
		"admin no port":         {flags: map[string]string{"admin": "127.0.0.1"}, want: `--admin: "127.0.0.1" is no address`},
		"admin is http":         {flags: map[string]string{"admin": "127.0.0.1:7000"}, want: "http and --admin are both 127.0.0.1:7000"},
		"admin without TLS":     {flags: map[string]string{"admin": ":7600"}, want: "--admin: :7600 can be reached from other machines, so it needs tls_cert and tls_key"},
		"open profiles":         {flags: map[string]string{"admin": ":7600", "pprof": ":7600", "tls-cert": "c", "tls-key": "k"}, want: "--pprof: :7600 can be reached from other machines, and profiles tell what is in memory: set admin_key"},
		"admin host with port":  {flags: map[string]string{"admin": "127.0.0.1:0", "admin-hosts": "n1:7600"}, want: `--admin-hosts: "n1:7600" is no host name: write it without a port`},
		"admin hosts alone":     {env: []string{"PARLEY_ADMIN_HOSTS", "n1"}, want: "PARLEY_ADMIN_HOSTS needs admin"},
		"drain no unit":         {flags: map[string]string{"drain": "20"}, want: `--drain: "20" is no duration: write it with its unit, such as 20s`},
		"grace long":            {flags: map[string]string{"grace": "2h"}, want: "--grace: 2h0m0s is out of bounds: from 0s to 1h0m0s"},
		"hook without secret":   {flags: map[string]string{"hook-url": "http://h/x"}, want: "--hook-url needs hook_secret: at least 16 bytes"},
		"hook no URL":           {flags: map[string]string{"hook-url": "h/x"}, want: `--hook-url: "h/x" is no URL of a server`},
		"hook secret alone":     {flags: map[string]string{"hook-secret": "a-hook-secret-of-tests"}, want: "--hook-secret: it has no use without hook_url"},
		"hook failure":          {flags: map[string]string{"hook-failure": "ask"}, want: `--hook-failure: "ask" is none of decline, allow`},
		"receiver":              {flags: map[string]string{"otlp": "h:4318"}, want: `--otlp: "h:4318" is no URL of a receiver: write http://host:4318`},
		"receiver's password":   {env: []string{"PARLEY_OTLP", "https://me:secret@h"}, want: "PARLEY_OTLP: it has a user name or a password: give what the receiver asks for in"},
		"trace ratio":           {flags: map[string]string{"trace-ratio": "2"}, want: "--trace-ratio: 2 is out of bounds: a part from 0 to 1, such as 0.01"},
		"trace ratio NaN":       {flags: map[string]string{"trace-ratio": "NaN"}, want: "--trace-ratio: NaN is out of bounds"},
		"negative trace ratio":  {flags: map[string]string{"trace-ratio": "-1"}, want: "--trace-ratio: it is negative: write a part from 0 to 1"},
		"trace ratio no number": {file: `{"trace_ratio": "all"}`, want: `parley.json: line 1: "trace_ratio" must be a number`},
		"hook timeout":          {flags: map[string]string{"hook-timeout": "1m"}, want: "--hook-timeout: 1m0s is out of bounds: from 10ms to 30s"},
		"drain short":           {flags: map[string]string{"drain": "1ms"}, want: "--drain: 1ms is out of bounds: from 100ms to 1h0m0s"},

		"short secret":            {env: []string{"PARLEY_CLUSTER_SECRET", "short"}, want: "PARLEY_CLUSTER_SECRET: it has 5 bytes: a cluster secret has at least 16"},
		"cluster without secret":  {flags: map[string]string{"cluster": ":0"}, want: "--cluster needs cluster_secret: give all nodes of the cluster the same secret"},
		"join without cluster":    {flags: map[string]string{"join": "a:1", "cluster-secret": secret}, want: "--join needs cluster: the address (host:port) where"},
		"join port":               {flags: map[string]string{"join": "a:0"}, want: `--join: "a:0" is no address that can be reached`},
		"join host":               {flags: map[string]string{"join": "a:1,:7300"}, want: `--join: ":7300" is no address that can be reached: write the node's host and port`},
		"join all interfaces":     {flags: map[string]string{"join": "0.0.0.0:7300"}, want: `--join: "0.0.0.0:7300" is no address that can be reached`},
		"join no port":            {flags: map[string]string{"join": "parley.internal"}, want: `--join: "parley.internal" is no address: write host:port`},
		"join URL":                {flags: map[string]string{"join": "n1/x:7300"}, want: `--join: "n1/x" is no host name`},
		"advertise alone":         {env: []string{"PARLEY_ADVERTISE", "a:1"}, want: "PARLEY_ADVERTISE needs cluster: the address"},
		"advertise all":           {flags: map[string]string{"cluster": ":0", "advertise": "[::]:1"}, want: `--advertise: "[::]:1" is no address that can be reached`},
		"advertise no port":       {flags: map[string]string{"cluster": ":0", "advertise": "10.0.0.1"}, want: `--advertise: "10.0.0.1" is no address`},
		"members alone":           {flags: map[string]string{"min-members": "3"}, want: "--min-members needs cluster"},
		"no members":              {flags: map[string]string{"min-members": "0"}, want: "--min-members: 0 is out of bounds: from 1 to 1000"},
		"members no number":       {env: []string{"PARLEY_MIN_MEMBERS", "two"}, want: `PARLEY_MIN_MEMBERS: "two" is no whole number`},
		"members as string":       {file: `{"min_members": "2"}`, want: `"min_members" must be a whole number`},
		"members in a file":       {file: `{"min_members": 1001}`, want: `"min_members" is wrong: 1001 is out of bounds`},
		"mesh flag":               {flags: map[string]string{"mesh": "off"}, want: "--mesh is no setting any more: leave it out and set cluster (--cluster): links of other nodes come in"},
		"mesh variable":           {env: []string{"PARLEY_MESH", "127.0.0.1:0"}, want: "PARLEY_MESH is no setting any more: leave it out and set cluster"},
		"mesh key":                {file: "{\n\"mesh\": \"off\"}", want: `parley.json: line 2: "mesh" is no setting any more: leave it out and set cluster`},
		"mesh and more":           {file: `{"mesh": "off", "tpc": ""}`, want: `unknown key "mesh"`},
		"same address twice":      {flags: map[string]string{"tcp": "127.0.0.1:7300", "cluster": "127.0.0.1:7300", "cluster-secret": secret}, want: "--tcp and --cluster are both 127.0.0.1:7300"},
		"nats without scheme":     {flags: map[string]string{"nats": "127.0.0.1:4222"}, want: "--nats: it is no URL of a NATS server: write nats://host:4222"},
		"nats second":             {flags: map[string]string{"nats": "nats://a:1,http://b"}, want: "--nats: it is no URL of a NATS server"},
		"certificate without key": {flags: map[string]string{"tls-cert": "c.pem"}, want: "--tls-cert needs tls_key"},
		"key without certificate": {env: []string{"PARLEY_TLS_KEY", "k.pem"}, want: "PARLEY_TLS_KEY needs tls_cert"},

		"leeway no duration": {flags: map[string]string{"auth-leeway": "30"}, want: `--auth-leeway: "30" is no duration: write it with its unit, such as 30s`},
		"leeway too long":    {env: []string{"PARLEY_AUTH_LEEWAY", "11m"}, want: "PARLEY_AUTH_LEEWAY: 11m0s is out of bounds: from 0s to 10m0s"},
		"grace negative":     {flags: map[string]string{"token-grace": "-1s"}, want: "--token-grace: -1s is out of bounds"},
		"origin with a path": {flags: map[string]string{"origin": "https://a.example/x"}, want: `--origin: "https://a.example/x" is no origin: write https://app.example`},
		"origin without":     {file: `{"origin": ["a.example"]}`, want: `"a.example" is no origin`},
		"proxy name":         {flags: map[string]string{"trusted-proxies": "lb.internal"}, want: `--trusted-proxies: "lb.internal" is neither an IP address nor a network`},
		"limit no number":    {flags: map[string]string{"address-open": "many"}, want: `--address-open: "many" is no whole number`},
		"limit negative":     {flags: map[string]string{"max-pending": "-1"}, want: "--max-pending: -1 is out of bounds: from 0 (no limit)"},

		"open to all, made-up key": {
			flags: map[string]string{"tcp": "0.0.0.0:7200", "tls-cert": "c", "tls-key": "k"},
			want:  "--tcp: 0.0.0.0:7200 can be reached from other machines, so it needs auth_key: set it, or listen on 127.0.0.1, or give insecure",
		},
		"profiles for all": {
			flags: map[string]string{"pprof": ":7500"},
			want:  "--pprof: :7500 can be reached from other machines, and profiles tell what is in memory: listen on 127.0.0.1, or give insecure",
		},
		"open to all, no TLS": {
			flags: map[string]string{"http": ":7000", "auth-key": long},
			want:  "--http: :7000 can be reached from other machines, so it needs tls_cert and tls_key",
		},
		"open by name": {flags: map[string]string{"tcp": "parley.example:7200"}, want: "can be reached from other machines"},
	} {
		t.Run(name, func(t *testing.T) {
			src := config.Sources{Flags: c.flags, Environ: env(c.env...)}
			if c.file != "" {
				src.File = file(t, c.file)
			}
			_, err := config.Load(src)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is\n  %v, want\n  %s", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error has several lines: %q", err)
			}
		})
	}
}

func TestAnUnreadableFileIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.json")
	_, err := config.Load(config.Sources{File: missing})
	if err == nil || !strings.HasPrefix(err.Error(), missing+" cannot be read: ") || strings.Count(err.Error(), missing) != 1 {
		t.Errorf("error is %v", err)
	}
}

func TestNoErrorShowsASecret(t *testing.T) {
	short := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(short, []byte("hush-hush"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flags := range []map[string]string{
		{"cluster-secret": "hush-hush"},
		{"nats": "nats://me:hush-hush@h:4222,bad"},
		{"nats": "://hush-hush"},
		{"auth-key": "hush-hush", "tcp": ":1"},
		{"cluster-secret": "hush-hush-hush-hush", "join": "a:1"},
		{"cluster-secret": "file:" + short, "cluster": ":0"},
	} {
		_, err := config.Load(config.Sources{Flags: flags})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v: error is %v", flags, err)
		}
	}
}

func TestWhatOtherMachinesReachMayBeInsecureOnlyByTheSwitch(t *testing.T) {
	for _, flags := range []map[string]string{
		{"tcp": ":0", "http": "off", "insecure": "true"},
		{"tcp": ":0", "auth-key": "k", "tls-cert": "c", "tls-key": "k"},
		{"tcp": "localhost:0", "http": "[::1]:0"},
		{"tcp": "127.8.8.8:0", "http": "[::1%lo]:0"},
		{"tcp": "off", "http": "off"},
	} {
		if _, err := config.Load(config.Sources{Flags: flags}); err != nil {
			t.Errorf("%v: %v", flags, err)
		}
	}
}

func TestAConfigThatIsNotLoadedIsCheckedAsWell(t *testing.T) {
	for _, c := range []struct {
		config config.Config
		want   string
	}{
		{config.Config{TCP: "7200"}, `tcp: "7200" is no address`},
		{config.Config{Node: "a b"}, "node: "},
		{config.Config{Cluster: ":0"}, "cluster needs cluster_secret"},
		{config.Config{Cluster: ":0", ClusterSecret: "short"}, "cluster_secret: it has 5 bytes"},
		{config.Config{Join: []string{"x"}}, `join: "x" is no address`},
		{config.Config{Heartbeat: 1}, "heartbeat: 1ns is out of bounds"},
		{config.Config{NATS: "x"}, "nats: it is no URL"},
		{config.Config{Cluster: ":0", ClusterSecret: secret, Advertise: "x"}, `advertise: "x" is no address`},
		{config.Config{MinMembers: -1}, "min_members: -1 is out of bounds"},
		{config.Config{HTTP: ":0"}, "http: :0 can be reached"},
		{config.Config{OwnAuth: true, AuthKeys: []string{secret}}, "auth_keys has no effect beside a function that authenticates"},
		{config.Config{AuthLeeway: time.Hour}, "auth_leeway: 1h0m0s is out of bounds"},
		{config.Config{AllowedOrigins: []string{"x"}}, `origin: "x" is no origin`},
		{config.Config{TrustedProxies: []string{"x"}}, `trusted_proxies: "x" is neither`},
	} {
		_, err := config.Complete(c.config)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error is %v, want %s", err, c.want)
		}
	}
}
