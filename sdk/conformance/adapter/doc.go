// Package adapter puts the Go client behind the lines that the conformance suite speaks, and
// defines these lines. A client in another language has an adapter of its own: see the README of
// the suite.
//
//	suite                                            adapter
//	  │                  {"adapter":"parley-go",...}    │
//	  │ ◀────────────────────────────────────────────── │   first, once
//	  │  {"id":1,"do":"connect","client":"alice",...}   │
//	  │ ──────────────────────────────────────────────▶ │
//	  │                  {"id":1,"node":"n1#5f3a"}      │
//	  │ ◀────────────────────────────────────────────── │   one reply for each command, in any order
//	  │      {"event":"message","client":"alice",...}   │
//	  │ ◀────────────────────────────────────────────── │   at any time
//	  │                end of input                     │
//	  │ ──────────────────────────────────────────────▶ │   the adapter closes its clients and ends
//
// It begins with [Serve].
//
// # Limits
//
// The Go client runs each request in the goroutine of its caller. Requests that are sent without
// waiting for the ones before have no order among them, so this adapter does not claim
// [FeatureQueue]. The client takes a new token at each login and does not ask again for one that
// was refused: no [FeatureFreshToken] either.
package adapter
