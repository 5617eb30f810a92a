package user

import "github.com/parley-dm/parley/internal/session"

// The hooks give package sessions, and so the engine, what this package does not export.
func init() { //nolint:gochecknoinits // see session.Hooks
	session.Hooks.Of = func(u any) *session.Session { return &u.(*User).session } //nolint:forcetypeassert // only package sessions calls it
	session.Hooks.New = func(r any, uid, sid string, conn session.Conn) any {
		return r.(*Registry).newUser(uid, sid, conn) //nolint:forcetypeassert // as above
	}
	session.Hooks.Add = func(r, u any) bool { return r.(*Registry).register(u.(*User)) }  //nolint:forcetypeassert // as above
	session.Hooks.Remove = func(r, u any) bool { return r.(*Registry).remove(u.(*User)) } //nolint:forcetypeassert // as above
	session.Hooks.Discard = func(r, u any, why uint8) {
		r.(*Registry).discard(u.(*User), Reason(why)) //nolint:forcetypeassert // as above
	}
	session.Hooks.Pack = func(u any, mayBlock bool) ([]byte, []session.LeftBehind, bool) {
		return u.(*User).pack(mayBlock) //nolint:forcetypeassert // as above
	}
	session.Hooks.Unpack = func(u any, packed []byte) []session.LeftBehind {
		return u.(*User).unpack(packed) //nolint:forcetypeassert // as above
	}
	session.Hooks.RunOnSIDUpdate = func(r, u any, old string) {
		r.(*Registry).runOnSIDUpdate(u.(*User), old) //nolint:forcetypeassert // as above
	}
}
