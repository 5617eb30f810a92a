// Package testkit has what tests of several packages need.
//
//	Eventually                   waits for a condition, with a deadline
//	Output                       what a program under test prints or logs
//	Port, CorePort               free addresses on loopback
//	TLS, WriteCertificate        certificates, in memory or as files
//	Home                         a home directory of the test's own
//	Heap, Race                   what measurements of memory need to know
//
// # Limits
//
// It is for tests only: a function that is given a test fails it where it cannot do its work.
package testkit
