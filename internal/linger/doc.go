// Package linger remembers the users that a stopping node has sent away and expects back on other
// nodes, and how long it waits for each.
//
//	Begin: users may linger from now on
//	Add ──▶ waits ──▶ Remove: the user is back elsewhere
//	           └─────▶ over: the time is up
//	Wait returns when none is left, and nothing that Hold was called for
package linger
