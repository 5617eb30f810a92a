// Package notice tells clients that a peer of theirs is gone.
//
//	the user leaves, its node dies, or it ends the channel without a word ──▶ SetOnClearCache ──▶ push ver 1 cmd 700, empty last message
//
// The engine leaves it to the application what a peer is told when a channel ends without a last
// message. An application of its own decides that in its callbacks; `parley serve` and `parley
// demo` have none, and tell with what this package sets.
//
// # Limits
//
// Channels that are dropped because they were not used end silently, as everywhere.
package notice
