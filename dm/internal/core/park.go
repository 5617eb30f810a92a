package core

// Park says that the user's connection is closed because its node stops, and that it is expected
// back on another node: its channels stay open, so that the newer session takes them over (Replace)
// and no peer is told that the user left. If it does not come, Close follows.
//
// A parked session takes no messages, as one that is Closed: they are refused with Moved, and their
// senders try again until they find the newer session, or give up. It must be Active.
func (s *Session) Park() { s.parked = true }

// Parked tells whether Park was called, and neither Replace nor Close since.
func (s *Session) Parked() bool { return s.parked && s.state == Active }
