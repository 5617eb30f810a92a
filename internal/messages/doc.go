// Package messages is the running half of package dm: what a node tells the direct messages of its
// users' logins, of packets and of other nodes' ends. It stands outside dm so that dm's public
// types show an application only what is for it.
//
//	package parley ── Of(dm.Module) ──▶ Engine ◀── Register ── package dm
//
// # Limits
//
// Of panics if package dm is not part of the program, or if its argument is no module.
package messages
