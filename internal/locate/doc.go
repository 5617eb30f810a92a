// Package locate asks the directory for operators where users are. The directory knows one Asker,
// which is told of all answers: direct messages are behind this one.
//
//	parley.Server ── Locate ──▶ Lookups ── Lookup ──▶ directory
//	       dm ◀── the others ── Lookups ◀── answers ────┘
//
// # Limits
//
// The number of lookups under way is not bounded here: the API bounds its requests.
package locate
