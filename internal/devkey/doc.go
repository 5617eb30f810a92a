// Package devkey keeps the signing key of a developer's machine.
//
// A node without an auth key needs one nevertheless, and `parley token`, `parley send` and `parley
// chat` need the same one. The first of them that runs makes it and keeps it in a file that only
// its user can read; the others find it there. So several nodes of one developer accept each
// other's tokens, and a restart does not make tokens invalid.
//
//	parley serve ──┐
//	parley token ──┼── Load(path) ── there: read it ──────────────────────▶ auth.Key
//	parley chat  ──┘              └─ not there: make, write aside, link ──▶
//
// The file appears whole or not at all, and the first one to appear stays: processes that start at
// the same moment agree.
//
// # Limits
//
// It is for development. A process that can read the file can be any user; config refuses
// listeners that other machines reach while no auth key is set. The file system of the cache
// directory must know hard links (the usual ones do): where it does not, Load returns an error.
package devkey
