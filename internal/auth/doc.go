// Package auth turns tokens into user IDs.
//
// A token is a JWT (RFC 7519) signed with the node's key, or with the private half of it: usually
// by the application's own login server. Its claim sub is the user ID.
//
//	--auth-key ──ParseKey──▶ Key ──Verify(token)──▶ user ID
//	(nothing)  ──NewKey────▶  │
//	                          └─────Mint(user, ttl)──▶ token      (only a key that can sign)
//
// A key knows its one algorithm, and a token that was signed with another is forged, whatever its
// header says:
//
//	key                                              algorithm   Mint
//	a secret of at least 32 bytes                    HS256       yes
//	file:PATH, such a secret in a file               HS256       yes
//	file:PATH, PEM "PUBLIC KEY" with Ed25519         EdDSA       no
//	file:PATH, PEM "PUBLIC KEY", "RSA PUBLIC KEY"    RS256       no
//	file:PATH, PEM "PRIVATE KEY", "RSA PRIVATE KEY"  the same    yes
//
// What of a token is looked at: the signature; exp, if it is there; nbf, if it is there; sub, which
// must be a user ID (see package user). Everything else is the application's.
//
// A file's secret is its content without the white space around it. Secrets and tokens are in no
// error and no printed Key.
//
// # Limits
//
// There is one key at a time: to change it, restart the nodes. No leeway is given for clocks that
// disagree: let exp lie further ahead. A token without exp never expires, and no token can be
// revoked; to end a session there is goodbye 2005. A session outlives its token: exp is read at
// login only. RSA keys have 2048 to 8192 bits. A key file has at most 64 KiB.
package auth
