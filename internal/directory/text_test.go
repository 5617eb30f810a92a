package directory

import "fmt"

var kindNames = map[kind]string{
	kindAnnounce: "announce", kindRegister: "register", kindUnregister: "unregister", kindClaim: "claim", kindConfirm: "confirm",
	kindReplaced: "replaced", kindRefuse: "refuse", kindEvict: "evict", kindEvicted: "evicted", kindLookup: "lookup", kindFound: "found",
	kindNotFound: "notfound", kindFailed: "failed",
}

// text shows a message in traces and scripts.
func (m *message) text() string {
	s := kindNames[m.kind]
	if m.user != "" {
		s += " " + m.user
	}
	if !m.sid.IsZero() {
		s += " " + short(m.sid)
	}
	switch m.kind {
	case kindAnnounce:
		s += fmt.Sprintf(" num %d echo %d view %04x", m.num, m.echo, m.view>>48)
	case kindClaim:
		s += fmt.Sprintf(" num %d view %04x stamp %d", m.num, m.view>>48, m.stamp)
		if m.again {
			s += " again"
		}
	case kindConfirm:
		s += fmt.Sprintf(" num %d stamp %d", m.num, m.stamp)
	case kindRegister:
		s += fmt.Sprintf(" stamp %d", m.stamp)
	case kindUnregister, kindEvicted:
		s += fmt.Sprintf(" epoch %d", m.stamp)
	case kindEvict, kindReplaced:
		s += " next " + m.next.Name + "/" + short(m.at)
	case kindLookup:
		s += fmt.Sprintf(" token %d num %d view %04x", m.token, m.num, m.view>>48)
	case kindFound:
		s += fmt.Sprintf(" token %d at %s/%s", m.token, m.next.Name, short(m.at))
	case kindNotFound, kindFailed:
		s += fmt.Sprintf(" token %d", m.token)
	}

	return s
}
