// Command parley is Parley's one binary.
//
//	parley serve    a node                        parley send     one message, from the command line
//	parley demo     a tour: three nodes, users    parley chat     a conversation on the terminal
//	parley token    a token for a user            parley bench    measure: round trips, rates, logins, memory
//	parley version  what this is
//
// It is thin: each command parses what it is given and calls the package that does the work.
// Settings of a node are made in internal/config, whose table also names the flags of serve;
// conversations are internal/chat; the tour is internal/demo; measurements are internal/bench,
// whose servers are this same binary, started again by hidden commands (relay, nats-server) and by
// serve.
//
// A mistake is one line on the standard error and exit status 1. SIGINT and SIGTERM let a command
// finish what it does (a node drains); a second one ends it at once.
//
// # Limits
//
// On Windows there is no SIGTERM: ctrl+c does the same.
package main
