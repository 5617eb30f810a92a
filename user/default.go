package user

// Default is the registry of the default node: the one that package-level functions act on, here
// and in parley and dm.
var Default = NewRegistry()

// GetUserByUID finds the user with this ID if it is connected to this node, else nil.
func GetUserByUID(uid string) *User { return Default.ByUID(uid) }

// GetUserBySID finds the session with this SID if it is on this node, else nil.
func GetUserBySID(sid string) *User { return Default.BySID(sid) }

// GetCCU is the number of users connected to this node.
func GetCCU() int { return Default.Count() }

// OnNew adds a callback for every user that logs in to this node.
func OnNew(f func(u *User)) { Default.OnNew(f) }

// OnClosed adds a callback for every user whose session on this node is over, with the reason.
func OnClosed(f func(u *User, why Reason)) { Default.OnClosed(f) }

// OnDiscard adds a callback for every user whose session on this node is over.
func OnDiscard(f func(sid string, u *User)) { Default.OnDiscard(f) }

// OnSIDUpdate adds a callback for every session of this node that takes over from an older session
// of the same user: see [Registry.OnSIDUpdate].
func OnSIDUpdate(f func(oldSID, newSID string, u *User)) { Default.OnSIDUpdate(f) }

// GetUserByID is [GetUserBySID]: the original engine calls a session's ID that of the user, see
// docs/migrate.md. By user ID: [GetUserByUID].
func GetUserByID(sid string) *User { return Default.BySID(sid) }

// ExistsByID reports whether the session with this SID is on this node. The original engine
// calls that the ID: see docs/migrate.md.
func ExistsByID(sid string) bool { return Default.BySID(sid) != nil }

// GetAllUserIDs lists the SIDs of the users connected to this node, for [GetUserByID]. The original
// engine calls them IDs: see docs/migrate.md.
func GetAllUserIDs() []string {
	sids := make([]string, 0, Default.Count())
	Default.Range(func(u *User) bool {
		sids = append(sids, u.SID)

		return true
	})

	return sids
}
