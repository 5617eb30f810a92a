// Package testkit has what tests of several packages need: certificates, and ports.
//
// # Limits
//
// It is for tests only: each function fails the test that calls it.
package testkit
