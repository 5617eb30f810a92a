package bench

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"strings"
	"testing"
)

// stubXMPP is a server that lets anonymous users in, under names that have to be escaped in XML.
func stubXMPP(t *testing.T) string {
	t.Helper()
	o := newStubServer(t)

	return listen(t, func(conn net.Conn) {
		if err := o.xmpp(conn); err != nil && !ended(err) {
			t.Error(err)
		}
	})
}

const (
	streamSpace = "http://etherx.jabber.org/streams"
	streamHead  = "<?xml version='1.0'?>\n<stream:stream id='1' from='example' xmlns='jabber:client' xmlns:stream='" + streamSpace + "'>"
)

// opened reads the head of a stream.
func opened(dec *xml.Decoder) error {
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		if head, is := token.(xml.StartElement); is {
			if head.Name != (xml.Name{Space: streamSpace, Local: "stream"}) || len(head.Attr) != 4 || head.Attr[0].Value != "example" {
				return fmt.Errorf("a bad stream: %v", head)
			}

			return nil
		}
	}
}

// element reads one element into an XML struct.
func element(dec *xml.Decoder, into any) error {
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		if start, is := token.(xml.StartElement); is {
			return dec.DecodeElement(into, &start)
		}
	}
}

type xmppStanza struct {
	XMLName   xml.Name
	Type      string    `xml:"type,attr"`
	ID        string    `xml:"id,attr"`
	To        string    `xml:"to,attr"`
	Mechanism string    `xml:"mechanism,attr"`
	Body      *string   `xml:"body"`
	Bind      *struct{} `xml:"urn:ietf:params:xml:ns:xmpp-bind bind"`
}

func (o *stubServer) xmpp(conn net.Conn) error {
	say := func(text string) { _, _ = conn.Write([]byte(text)) }
	dec := xml.NewDecoder(conn)
	if err := opened(dec); err != nil {
		return err
	}
	say(streamHead)
	say("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>")
	var auth xmppStanza
	if err := element(dec, &auth); err != nil {
		return err
	}
	if auth.XMLName != (xml.Name{Space: "urn:ietf:params:xml:ns:xmpp-sasl", Local: "auth"}) || auth.Mechanism != "ANONYMOUS" {
		return fmt.Errorf("a bad auth: %+v", auth)
	}
	say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
	dec = xml.NewDecoder(conn)
	if err := opened(dec); err != nil {
		return err
	}
	say(streamHead + "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><required/></bind></stream:features>")
	var bind xmppStanza
	if err := element(dec, &bind); err != nil {
		return err
	}
	if bind.XMLName.Local != "iq" || bind.Type != "set" || bind.ID == "" || bind.Bind == nil {
		return fmt.Errorf("a bad bind: %+v", bind)
	}
	jid := "it's <" + conn.RemoteAddr().String() + ">@example/r&d"
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(jid))
	inXML := strings.ReplaceAll(escaped.String(), "&#39;", "'")
	leave := o.login(jid, func(payload []byte) {
		// An event of another extension first, and white space, as servers send it to keep a
		// connection open.
		say("\n<message type='headline'><event a='>'/><bodyless/></message>\n <message from='x' type=\"headline\"><subject/><body xml:lang='en'>" + string(payload) + "</body></message>")
	})
	defer leave()
	say("<iq type='result' id='" + bind.ID + "'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>" + inXML + "</jid></bind></iq>" +
		"<presence from='x'/><iq type='get' id='p1' from='example'><ping xmlns='urn:xmpp:ping'/></iq>")
	var p pingCheck
	for {
		var s xmppStanza
		if err := element(dec, &s); err != nil {
			return err
		}
		switch {
		case s.XMLName.Local == "iq" && s.ID == "p1" && (s.Type == "result" || s.Type == "error") && s.To == "example":
			p.pong = true
		case s.XMLName == (xml.Name{Space: "jabber:client", Local: "message"}) && s.Type == "headline" && s.Body != nil:
			p.message(o, jid)
			o.forward(s.To, []byte(*s.Body))
		default:
			return fmt.Errorf("a bad stanza: %+v", s)
		}
	}
}
