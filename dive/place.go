package dive

import (
	"cmp"
	"errors"

	"github.com/parley-dm/parley/internal/mesh"
)

// Errors of a directory. Test with errors.Is.
var (
	// ErrReplaced: a newer login of the user exists.
	ErrReplaced = errors.New("dive: replaced by a newer login")
	// ErrReleased: the claim was released while it was being made.
	ErrReleased = errors.New("dive: released")
	// ErrBadClaim: the user ID or SID is empty or longer than 255 bytes.
	ErrBadClaim = errors.New("dive: a claim needs a user ID and a SID of 1 to 255 bytes")
)

// ReplacedError is ErrReplaced, and says where the newer login is: what belongs to the session that was claimed follows there.
type ReplacedError struct{ Next Place }

// Error says so.
func (*ReplacedError) Error() string { return ErrReplaced.Error() }

// Unwrap returns ErrReplaced.
func (*ReplacedError) Unwrap() error { return ErrReplaced }

// Place is where a login of a user is, and when it was made.
type Place struct {
	Node  mesh.NodeID
	SID   string
	Stamp mesh.Stamp
}

// newerThan decides which of two logins of one user stays: every node decides alike.
func (p Place) newerThan(q Place) bool {
	return cmp.Or(
		cmp.Compare(p.Stamp, q.Stamp),
		cmp.Compare(p.Node.Incarnation, q.Node.Incarnation),
		cmp.Compare(p.SID, q.SID),
	) > 0
}

// Resident is told what happens to the sessions on this node. Its method must not block.
type Resident interface {
	// Evicted: a newer login of this user exists, here or elsewhere: the session is no longer the user's. Called at most
	// once per claim that was confirmed, before the newer one is confirmed. Next is the newer login.
	Evicted(userID, sid string, next Place)
}

// Finder receives finds and what became of its own. Its methods must not block.
type Finder interface {
	// Found is a find for a user who is active here. The packet is valid until Found returns.
	Found(from mesh.NodeID, userID string, packet []byte)
	// Missed: the find with this token reached nobody, and nothing was delivered.
	Missed(token uint64, why Miss)
}

// Miss says why a find has reached nobody.
type Miss uint8

// Why a find reaches nobody.
const (
	// Nowhere: nobody holds the user.
	Nowhere Miss = iota
	// Moved: the node that was asked no longer holds the user, or one could not be asked: ask again. It ends: as soon as the
	// node that cannot be asked is back or down, there is a certain answer.
	Moved
	// OutOfReach: nobody who could be asked holds the user, and a node lives that cannot be asked.
	OutOfReach
)
