package bench

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// xmppProtocol is that of plain XMPP clients. Users log in with SASL ANONYMOUS, so that no accounts
// are needed: the server assigns each a JID, which is stored in names. Messages go to that very
// session and are headlines, which no server keeps.
type xmppProtocol struct {
	domain string
	names  *sync.Map // full JID as it stands in XML, by user (uint32)
}

// asyncRouting: servers propagate sessions to each other asynchronously.
func (xmppProtocol) asyncRouting() bool { return true }

// xmppSays makes an error of what the server says instead of what was waited for.
func xmppSays(s stanza) error {
	return fmt.Errorf("the XMPP server says %s", quote(append(bytes.Clone(s.head), s.inner...)))
}

func (p xmppProtocol) login(c *conn, user uint32) error {
	features, err := p.open(c)
	if err != nil {
		return err
	}
	if !bytes.Contains(features.inner, []byte(">ANONYMOUS<")) {
		if bytes.Contains(features.inner, []byte("<required")) {
			return fmt.Errorf("the XMPP server of %s wants TLS, which bench does not speak: allow plain TCP", p.domain)
		}

		return fmt.Errorf("the XMPP server of %s does not offer SASL ANONYMOUS: let anonymous users in", p.domain)
	}
	if err := c.write([]byte("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")); err != nil {
		return err
	}
	if _, err := xmppUntil(c, "success"); err != nil {
		return err
	}
	if _, err = p.open(c); err != nil {
		return err
	}
	if err := c.write([]byte("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")); err != nil {
		return err
	}
	bound, err := xmppUntil(c, "iq")
	if err != nil {
		return err
	}
	jid := bound.child("jid")
	if string(bound.attribute("type")) != "result" || len(jid) == 0 {
		return xmppSays(bound)
	}
	p.names.Store(user, strings.ReplaceAll(string(jid), "'", "&apos;"))

	return nil
}

// open begins a stream and returns what the server can do on it.
func (p xmppProtocol) open(c *conn) (stanza, error) {
	head := "<?xml version='1.0'?><stream:stream to='" + p.domain +
		"' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
	if err := c.write([]byte(head)); err != nil {
		return stanza{}, err
	}

	return xmppUntil(c, "stream:features")
}

// xmppUntil waits for a stanza. What it holds is valid until the next read.
func xmppUntil(c *conn, name string) (stanza, error) {
	for {
		s, n, err := splitStanza(c.buf[c.r:c.w])
		if err != nil {
			return s, err
		}
		c.r += n
		switch s.name {
		case name:
			return s, nil
		case "", "stream:stream":
		default:
			return s, xmppSays(s)
		}
		if n == 0 {
			if err := c.fill(); err != nil {
				return s, fmt.Errorf("no <%s> from the XMPP server: %w", name, err)
			}
		}
	}
}

func (p xmppProtocol) message(to uint32, size int) template {
	jid, _ := p.names.Load(to)
	frame := fmt.Appendf(nil, "<message to='%s' type='headline'><body>", jid)
	at := len(frame)
	frame = append(append(frame, textPayload(size)...), "</body></message>"...)

	return template{frame: frame, payload: at, text: true}
}

func (xmppProtocol) next(buf []byte) (event, int, error) {
	s, n, err := splitStanza(buf)
	if err != nil || n == 0 {
		return event{}, 0, err
	}
	kind := string(s.attribute("type"))
	switch s.name {
	case "message":
		if kind == "error" {
			return event{}, n, xmppSays(s)
		}
		if body := s.child("body"); body != nil {
			return event{payload: body, text: true}, n, nil
		}
	case "iq":
		if kind == "get" || kind == "set" { // a ping, perhaps: this answer is a sign of life too
			return event{reply: fmt.Appendf(nil, "<iq type='error' id='%s' to='%s'><error type='cancel'>"+
				"<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", s.attribute("id"), s.attribute("from"))}, n, nil
		}
	case "stream:error":
		return event{}, n, xmppSays(s)
	}

	return event{}, n, nil
}
