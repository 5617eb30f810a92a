// Package session is the engine's half of a user.User: the way to its client, its life, and the
// request that waits for a response. Server authors see package user only.
//
// Package user holds a [Session] in each User and sets [Hooks], through which package sessions
// reaches it: so the engine's methods are not part of the public types.
package session
