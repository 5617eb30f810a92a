// Package hook asks a server by HTTP about messages, and tells it of users who come and go: for
// authors of servers that are not written in Go.
//
//	Ask ──POST {"type":"message", …}──▶ the server ──▶ allow, decline, replace
//	Tell ─▶ queue ──POST {"type":"events", …}──▶ the server
//
// Each request is signed: the header Parley-Signature is t=SECONDS,v1=HEX, the HMAC-SHA256 of
// "SECONDS.BODY" with the shared secret.
//
// # Limits
//
// At most 256 questions are out at a time; more wait, within their time. After five failures in a
// row no question is asked for five seconds: each is answered at once as Failure says. At most 4096
// events wait; those beyond are dropped, as are those that three attempts have not delivered, and
// counted.
package hook
