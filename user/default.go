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

// OnDiscard adds a callback for every user whose session on this node is over, with the reason.
func OnDiscard(f func(u *User, why Reason)) { Default.OnDiscard(f) }
