// Command chaos makes a cluster of real nodes fail in every way that package chaos knows, and says
// whether it kept its promises.
//
//	make chaos                                  # ten minutes
//	make chaos CHAOS_TIME=1m CHAOS_SEED=42      # shorter; with the faults of an earlier run
//	make chaos CHAOS_FLAGS="-short -starts 50"  # the most telling faults; fifty starts of six nodes before
//	go run ./internal/chaos/cmd/chaos -help
//
// Its exit status is 1 if a promise was broken.
//
// # Limits
//
// It is run from the root of the repository, where it builds the binary (or with -binary from
// anywhere). What it cannot do on a system (signals on Windows; packets without Linux,
// /dev/net/tun, and root or user namespaces) it leaves out, and says so.
package main
