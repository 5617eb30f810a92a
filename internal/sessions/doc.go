// Package sessions is how the engine reaches what package user keeps from server authors: the
// session behind a user, and the coming and going of users in a registry.
package sessions
