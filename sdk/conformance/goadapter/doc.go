// Command goadapter is the adapter of the Go client, for the conformance suite:
//
//	go run ./sdk/conformance -- go run ./sdk/conformance/goadapter
package main
