// Package auth turns tokens into identities: a user ID, an expiry and limits.
//
// A token is a JWT (RFC 7519), usually signed by the application's own login server. Its claim sub
// is the user ID.
//
//	secret, file:PATH ──ParseKey─▶ Key ──┬─ Mint(user, ttl) ──▶ token      (only a key that can sign)
//	(nothing) ─────────NewKey────▶       └─ Verify(token) ────▶ user ID
//
//	secret, file:PATH, jwks:PATH, https://… ──Open─▶ Keyring ── Verify(token) ──▶ Identity
//	                     ▲                     │
//	                     └── files, URLs again ┘
//
//	the program's own function ───────────────────▶ Hook ── Identify(ctx, token, address) ──▶ Identity
//
// Each key has one algorithm, and a token that was signed with another is forged, whatever its
// header says:
//
//	key                                              algorithm   Mint
//	a secret of at least 32 bytes                    HS256       yes
//	file:PATH, such a secret in a file               HS256       yes
//	file:PATH, PEM "PUBLIC KEY" with Ed25519         EdDSA       no
//	file:PATH, PEM "PUBLIC KEY", "RSA PUBLIC KEY"    RS256       no
//	file:PATH, PEM "PRIVATE KEY", "RSA PRIVATE KEY"  the same    yes
//	jwks:PATH, https://…, each key of kty OKP        EdDSA       no
//	jwks:PATH, https://…, each key of kty RSA        RS256       no
//
// A secret is one line of printable text, without the white space around it. Everything that looks
// like a key, a key file or the address of one is refused as a secret: its reader could forge
// tokens.
//
// The claims that are read: sub, which must be a user ID (see package user); exp and nbf, if
// present; iss and aud, if the Policy asks for them; parley_rate_messages and parley_rate_bytes, if
// present. Names match exactly, no object in a token has a name twice, and the text of names and of
// sub is valid. Times are seconds; a fraction is cut off. Other claims are the application's.
//
// Secrets and tokens are in no error and no printed Key.
//
// # Rotation
//
// A Keyring reads its files every 10 seconds and its URLs every 5 minutes. A token with an unknown
// kid has the URLs fetched earlier, but not within 30 seconds of the last fetch; until then the
// token gets ErrTokenUnknownKey, after which a client may try again. A source that fails keeps its
// keys of before, for as long as it fails, and is logged once. Keys without kid fit each kid, so
// that plain keys rotate side by side: add the new key, sign with it, remove the old key.
//
// # Limits
//
// A token without exp is good for ever, and no token can be called back except by the removal of
// its key. exp has no leeway. A Keyring has at most 32 keys, a key file 64 KiB, a JWKS 256 KiB, a
// token 64 KiB. RSA keys have 2048 to 8192 bits. ECDSA and RSA-PSS are not supported. A raw Ed25519
// public key in base64 or hex cannot be told from a random secret: do not give one as a secret.
// Cache-Control of a JWKS response is not read.
package auth
