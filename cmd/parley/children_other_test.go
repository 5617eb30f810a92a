//go:build !linux

package main

import "testing"

func waitForChildren(t *testing.T, _ int) {
	t.Helper()
	t.Skip("children are looked for in /proc")
}
