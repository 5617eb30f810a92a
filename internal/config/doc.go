// Package config makes one checked [Config] out of flags, environment variables and a JSON file.
//
//	flags ───────▶ ┐
//	environment ──▶├── Load ── Complete (defaults, then checks) ──▶ Config
//	JSON file ───▶ ┘
//
// There is one set of names. [Settings] is the table of them: the setting cluster_secret is the
// flag --cluster-secret, the variable PARLEY_CLUSTER_SECRET and the file's key "cluster_secret". A
// flag counts more than a variable, a variable more than the file, the file more than the default.
// The help of the command line and docs/configuration.md are made from the same table.
//
// To add a setting: a field in [Config], a row in the table, and a check if it can contradict
// another setting.
//
// Every error is one line: where (the flag, the variable, or the file with line and key), what is
// wrong, and what would be right. No error shows the value of a secret.
//
// # Limits
//
// A variable that is set but empty counts as not set. Variables that begin with PARLEY_ and name no
// setting are refused, but for those that other commands read (PARLEY_TOKEN, PARLEY_URL), that the
// project's tests use (PARLEY_TEST_…), or that a container platform sets for a service of such a
// name (PARLEY_SERVICE_HOST, PARLEY_PORT_7200_TCP, …). The settings of package dm stay raw JSON
// here: dm itself knows what they mean. What is right and has no effect, [Config.Warnings] tells,
// for the log.
//
// [Config.Logger] never blocks: see package logwriter.
package config
