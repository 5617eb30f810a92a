// Command storagenode is a node of a run of chaos that has a storage with three replicas, and a
// command for it: see package storageop. It takes the flags of `parley serve`, each with a value.
//
//	parley.LoadConfig ──▶ parley.Server ── HandleCommand ──▶ storageop.Serve
package main
