// Command chaos makes a cluster of real nodes fail in every way that package chaos knows, and says whether it kept its promises.
//
//	make chaos                                  # ten minutes
//	make chaos CHAOS_TIME=1m CHAOS_SEED=42      # shorter; with the faults of an earlier run
//	make chaos CHAOS_FLAGS=-external            # with a NATS server that fails too, which the nodes share
//	go run ./internal/chaos/cmd/chaos -help
//
// Its exit status is 1 if a promise was broken.
//
// # Limits
//
// It is run from the root of the repository, where it builds the binary. What it cannot do on a system (signals on Windows, network namespaces
// without root and Linux) it leaves out, and says so.
package main
