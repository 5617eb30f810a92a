// Package directory knows which node and session each user of the cluster is on. It is spread: each
// user ID has one owner among the members, the one with the highest rendezvous hash of user ID and
// node ID, which keeps the registration of the user's session.
//
//	 holder (has the session)          owner of "ann"                 asker
//	Claim ──────── claim ───────────▶ older sessions are
//	                                  evicted at their holders
//	  nil ◀─────── confirm ────────── entry: node, SID, stamp ◀─ lookup ── Lookup
//	                                                          ── found ──▶ Located
//
// A [Directory] is one node's part in all three roles. Package cluster gives it the view and the
// packets ([Directory.ViewChanged], [Directory.NodeDown], [Directory.NodeLinked],
// [Directory.HandlePacket]), the layer above claims and releases sessions ([Directory.Claim],
// [Directory.Release]), direct messages ask ([Directory.Lookup]). Nothing is stored: registrations
// are rebuilt from the nodes that have the sessions.
//
// The protocol is a state machine (type core: files core_*.go) without I/O, goroutine or clock.
// Directory adds the lock, the timer, and an outbox: packets are sent under the lock, so that they
// leave in the order of the decisions; callbacks run without it, in order, one at a time. Work that
// grows with the number of users is done in slices of 1,000 steps; the lock is free in between.
//
// # Views
//
// The view is the set of members as one node knows it. Each node numbers its views. After a change
// it registers the sessions whose owner has changed, then announces the view to all: its hash, its
// number, and the number last heard from the receiver. An announcement counts only if it names the
// receiver's present view and number. A view is settled for a node when its own registrations are
// sent and all other members' announcements count. Only then an owner confirms claims and says "not
// found", and only for requests that name the same view, and only while its lease holds. Other
// requests wait, bounded in number and time. A place that is known is told at once.
//
// A node that joins has links to all members before it enters. Sessions that it will own are
// registered with it ahead: those of the time of linking by a scan, later ones when they are
// confirmed or change their owner. For each linked node that has not entered, or that has and was
// not moved to yet, holds: the sessions registered with it are those whose owner it outranks. So an
// entry moves nothing but the word of it, and the release of a session unregisters it wherever it
// is known.
//
// # One session stands
//
// Claim: when a session is confirmed, no other session of the user stands on a node that the
// confirming side regards as a member. Let owner O confirm session s in view V, number n, and let t
// be a session that stands on member M of V.
//
// O is settled in V: M has announced V, with O's number n, and its registrations of V came before
// on the same link. If t was confirmed before M announced V, then M registered t with the owner of
// V, which is O, before the announcement, or had done so earlier; entries change only by messages
// of M or by the end of M's link, so O has t's entry, and evicts t, and waits, before it confirms
// s. If t is confirmed after the announcement, then M was in V or in a later view: a confirmation
// counts only in the view number in which its claim was sent. In V the owner is O itself, which has
// the entry. In a later view of M, the owner there is settled, so O, if O is a member of it, has
// announced it, and is not in V any more: a view that comes back has another number, and old
// announcements name the old one. If O is not a member of it, the link between O and a member of it
// has ended on that side, which happens half a second after O's side was suspended at the latest:
// O's lease does not hold, O confirms nothing.
//
// Two halves of a cluster that cannot reach each other may each confirm a session. When they have
// met, the owner sees both registrations, and evicts the older one.
//
// # Not found is true
//
// Claim: when an asker is told "not found", no session of the user stands that stood, on a member
// in the asker's eyes, when it asked. The owner says so under the same conditions as it confirms,
// for a request of the same view: by the argument above it would have the entry of each session
// that stands on a member. While a claim of the user waits, it says nothing: between two sessions
// of a user that moves there is no moment of absence. The end of a link takes the entries of that
// node and changes the view in one step: otherwise an owner without the entries would still be
// settled in the old view. For the same reason a holder unregisters with a former owner only after
// its announcement: it comes to an owner that is not settled in the old view any more.
//
// # Stamps
//
// A session's messages carry epochs that count up from its stamp, and a newer session's epochs must
// be above an older one's. So the stamp of a confirmation is above each entry of the user, and
// above each epoch that "evicted" and "unregister" have named: the owner's clock follows them, and
// those that are further ahead than the clock follows are kept by user. A claim made again after a
// pause keeps its stamp, and loses to any entry of another node: its user may have logged in
// elsewhere meanwhile.
//
// # How it is tested
//
// Random histories of real cores, an exhaustive search of short ones, and scripts. Each rule above
// can be switched off in tests: testdata/histories has, for each, a history that breaks a promise
// without it.
//
// # Limits
//
// With user IDs of 12 bytes an entry takes 145 bytes, a session 171 and its user ID; tests hold
// them. Hashes are not secret: an issuer of user IDs can make IDs that all have the same owner.
// Requests that wait at an owner: Options.MaxWaiting, an equal share for each member; then, and
// after Options.Patience, they fail. Packets that find a link's queue full wait here, without a
// bound of their own: what a node has to register is the bound. A view change costs one
// announcement, and one in return, for each pair of members. Epochs further ahead than
// node.MaxAhead are kept for 16,384 users; beyond, one floor serves all others. An epoch is known
// to the owner that it was named to: a later owner does not learn of it.
package directory
