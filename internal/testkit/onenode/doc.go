// Package onenode is a node without others for tests: it carries messages between its users, whose
// connections note what they are given. There is no network in it, so it runs in virtual time too.
//
//	New ──▶ Node ── Login ──▶ Client: Next, Heard, Ended
//
// # Limits
//
// It is for tests only. A message to a user who is not logged in ends in dm.ErrUserNotFound.
package onenode
