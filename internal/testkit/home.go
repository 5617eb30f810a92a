package testkit

import "testing"

// Home gives the test a home and cache directory of its own, where the development key will be, and
// returns it. The test must not be parallel.
func Home(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		tb.Setenv(name, dir)
	}

	return dir
}
