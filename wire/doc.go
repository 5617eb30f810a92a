// Package wire is the protocol between Parley's clients and servers, version 1: it turns frames
// into bytes and bytes into frames, and does nothing else. This page is the protocol's reference.
// Clients in other languages test themselves against testdata/vectors.json, which has every frame
// of this page as bytes.
//
// # Frames
//
// All numbers are big-endian. A body is one frame without its length:
//
//	offset  size  field
//	0       1     kind
//	1       1     ver      of the command; 0 in the kinds that have none
//	2       2     cmd      the command; in a goodbye the code
//	4       4     id       pairs requests with responses and pings with pongs
//	8       ...   payload
//
// How bodies follow each other is the transport's matter:
//
//	TCP, TLS    before each body its length, u32. No delimiter, no preface
//	WebSocket   one binary message is one body; path /ws, subprotocol "parley.v1". Text messages are not allowed
//
// The kinds, the side that sends them, and what the fields are:
//
//	kind         from    ver cmd     id            payload
//	1 hello      client  0   0       0             JSON {"token":"...","client":"name/version"}
//	2 welcome    server  0   0       0             JSON {"user":"...","session":"...","node":"...",
//	                                               "heartbeat_ms":15000,"max_message":65536,
//	                                               "token_expires_in_ms":3600000}
//	3 request    client  command     ≥ 1, or 0     the command's
//	4 response   server  command     the request's status u8, data
//	5 push       server  command     0             the command's
//	6 ping       either  0   0       any           none
//	7 pong       either  0   0       the ping's    none
//	8 goodbye    either  0   code    0             UTF-8 text, perhaps empty
//
// A receiver ignores a field that the table calls 0 and a payload that it calls none. JSON
// objects may have members that this page does not know; they are skipped. token_expires_in_ms is
// missing if the token does not expire.
//
// # A conversation
//
//	client                                   server
//	  |  hello {token}                          |
//	  | --------------------------------------> |   within 5 s of connecting
//	  |                         welcome {user}  |   or goodbye 2001
//	  | <-------------------------------------- |
//	  |  request 1.701 id 7: bob, "hi"          |
//	  | --------------------------------------> |
//	  |                  push 1.701: bob, "yo"  |   at any time
//	  | <-------------------------------------- |
//	  |                  response id 7: ok      |
//	  | <-------------------------------------- |
//	  |  ping id 1                              |   after a heartbeat of silence
//	  | --------------------------------------> |
//	  |                             pong id 1   |
//	  | <-------------------------------------- |
//	  |  goodbye 0                              |   then both close
//	  | --------------------------------------> |
//
// The client's first frame is a hello, and it sends only one. It waits for the welcome before its
// first request. The welcome is the first frame of an accepted client; a refused one gets a
// goodbye.
//
// A request with an id of 1 or more gets exactly one response, which carries its ver, cmd and id.
// The client chooses ids and does not use one again while it waits. A request with id 0 gets no
// response. A user's requests are handled one after another in the order they were sent, but the
// responses need not come in that order.
//
// Either side that has sent nothing for heartbeat_ms sends a ping. Every ping is answered with a
// pong. A side that has received no frame of any kind for two heartbeats takes the other for dead:
// goodbye 1002, close.
//
// A goodbye is the last frame of the side that sends it; the connection is closed after it, and a
// WebSocket with a close frame besides. Nothing that arrives behind a goodbye counts.
//
// # Payloads of requests, responses and pushes
//
// A peer is a user ID in the payload of a built-in command: its length n, u8, 1 to 128, and n bytes
// of UTF-8.
//
//	command (ver 1)   request payload       push payload
//	701 send          peer, message         sender as a peer, message
//	700 disconnect    peer, last message    leaver as a peer, last message
//	702 connect       peer                  -
//	703 token         a token               -
//
// A server has 700 to 702 if its program exposes them, and 703 always. ver 0 and 1 belong to the
// engine; all else is the application's.
//
// A response's payload begins with a status: 1 ok, then the command's own data; 4 bad request or 5
// error, then a code, u16, and a UTF-8 text for people. An application's own commands may answer
// with other bytes behind a status 4 or 5.
//
// The data of an ok response to 701 and 702 is a receipt, one byte: 0 delivered, 1 declined by the
// receiving side, 2 dropped by a callback of the server. A client takes no data as 0, and ignores
// what follows the byte. The response to 700 has no data.
//
// The data of an ok response to 703 is how long the new token is good for, in milliseconds, u64; 0
// is for ever. A client ignores what follows. See Tokens.
//
//	code                    what happened                           what a client does
//	4001 malformed          the payload does not parse              mends its program; the session goes on
//	4002 unknown command    no handler for this ver and cmd         the same
//	4003 not allowed        the server's program has refused it     tells its user
//	4004 rate limit         tokens in a row; or the program says so waits, sends less
//	4005 bad token          the new token is not accepted           gets another; the session goes on with the old one
//	5001 timeout            no answer in time                       does not know the outcome: a repetition may arrive twice
//	5002 message nil        an empty message                        mends its program
//	5003 nodes not found    the server is cut off from its cluster  tries later
//	5004 user not found     the user is not connected               tells its user
//	5005 too large          the message is over max_message         sends less
//	5006 recipient busy     the recipient's queue is full           waits, tries again
//	5007 overloaded         a queue of the server is full           waits, tries again
//	5008 internal           something broke on the server           tells its user; the server's log has it
//
// Codes that a client does not know it treats by their status.
//
// # Tokens
//
// A session ends when its token does: goodbye 2001, after a grace time that the server sets. A
// client that wants to stay sends a fresh token of the same user before that, with request 1.703;
// token_expires_in_ms in the welcome, and the response to 703, tell how long there is. The new
// token replaces the old one, also if it ends earlier. A token that is not accepted is answered
// with 4005, one that comes in the same second of the one before with 4004, one that cannot be
// checked now with 5007: the session goes on with the token that it has. A server that does not
// know the command answers 4002.
//
// # Goodbye
//
// The code tells a client whether to come back: 1000 to 1999 yes, after a pause that grows with
// each attempt and has some chance in it; everything else no, not by itself.
//
//	code                    what happened                           what a client does
//	0    leaving            sent by clients: done                   -
//	1001 stopping           the server stops, or cannot take a      comes back after reconnect_in_ms if the text is
//	                        login now                               JSON {"reconnect_in_ms":n}, else as usual; a
//	                                                                "reason" beside it is for people
//	1002 heartbeat          silence for two heartbeats              comes back
//	1003 too slow           it did not read what it was sent        comes back
//	2001 bad token          missing, forged, expired (also later),  gets a new token first
//	                        no user ID
//	2002 replaced           the same user logged in elsewhere       stays away, or the two replace each other for ever
//	2003 protocol error     bytes that no client should send        mends its program
//	2005 removed            the server's program removed the user   stays away
//
// # Bad bytes
//
// A server answers each of these with goodbye 2003 and closes: a body longer than max_message +
// 1024 bytes (a hello: than 8192) or shorter than 8, an unknown kind, a welcome, response or push
// from a client, a second hello, a request before the hello, a hello that is not its JSON object, a
// WebSocket text message. No hello for 5 s: it closes. A request with a payload that does not parse
// gets code 4001, one with a message over max_message that still fits the frame 5005; the session
// goes on after both. A client that gets such bytes from its server closes the connection (goodbye
// 2003) and connects anew.
//
// # Use
//
// Code that owns a buffer uses [AppendFrame] or [AppendBody] to write, [Split] and [ParseBody] to
// read: none of them allocates or keeps anything. [Reader] reads from a stream and blocks.
// Payloads have their own pairs: [Hello.Append] and [ParseHello], [AppendPeer] and [ParsePeer],
// [AppendResponse] and [ParseResponse], and so on.
//
// # Limits
//
// A payload that a function returns aliases what it was decoded from: copy what is to outlive the
// buffer. Version 1 has no compression, no fragments of messages and no negotiation: another
// version will have another subprotocol, and on TCP another first frame. Encoders trust their
// caller: a payload of 4 GiB, a command's kind in the wrong direction or a user ID over 128 bytes
// is encoded as given. Functions are safe for use by several goroutines, a [Reader] is for one.
package wire
