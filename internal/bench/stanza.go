package bench

import (
	"bytes"
	"errors"
	"strings"
)

// stanza is one element of an XMPP stream, as it stands there: nothing is unescaped.
type stanza struct {
	name  string // with its prefix: "message", "stream:features"; "": nothing that matters
	head  []byte // the opening tag
	inner []byte // what it holds
}

var (
	errXMPP       = errors.New("the XMPP server sends what was not expected")
	errXMPPClosed = errors.New("the XMPP server closes the stream")
)

const xmlSpace = " \t\r\n"

// splitStanza finds the first element on the level of stanzas; n is 0 while it is not whole. The
// opening tag of the stream is one by itself. Streams have no comments, no CDATA that servers would
// send, and no processing instructions but the first line.
func splitStanza(buf []byte) (s stanza, n int, err error) {
	text := bytes.TrimLeft(buf, xmlSpace)
	begin := len(buf) - len(text)
	switch {
	case len(text) == 0:
		return s, begin, nil // a keep-alive, perhaps
	case text[0] != '<':
		return s, 0, errXMPP
	case bytes.HasPrefix(text, []byte("<?")):
		if end := bytes.Index(text, []byte("?>")); end >= 0 {
			return s, begin + end + 2, nil
		}

		return s, 0, nil
	case bytes.HasPrefix(text, []byte("</")):
		return s, 0, errXMPPClosed
	}
	head := tagSize(text)
	if head == 0 {
		return s, 0, nil
	}
	s.head = text[:head:head]
	name := s.head[1:]
	s.name = string(name[:bytes.IndexAny(name, xmlSpace+"/>")])
	if s.name == "stream:stream" || selfClosing(s.head) {
		return s, begin + head, nil
	}
	size, tail, err := innerSize(text[head:])
	if err != nil || tail == 0 {
		return stanza{}, 0, err
	}
	s.inner = text[head : head+size : head+size]

	return s, begin + head + size + tail, nil
}

// tagSize is the size of the tag at the beginning of text; 0: it is not whole.
func tagSize(text []byte) int {
	quote := byte(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}

	return 0
}

func selfClosing(tag []byte) bool { return tag[len(tag)-2] == '/' }

// innerSize is how much an element holds whose opening tag was before text, and the size of its
// closing tag; 0: it is not whole.
func innerSize(text []byte) (size, tail int, err error) {
	for at, depth := 0, 1; ; {
		next := bytes.IndexByte(text[at:], '<')
		if next < 0 {
			return 0, 0, nil
		}
		at += next
		n := tagSize(text[at:])
		if n == 0 {
			return 0, 0, nil
		}
		switch tag := text[at : at+n]; {
		case tag[1] == '!' || tag[1] == '?':
			return 0, 0, errXMPP
		case tag[1] == '/':
			depth--
			if depth == 0 {
				return at, n, nil
			}
		case !selfClosing(tag):
			depth++
		}
		at += n
	}
}

// attribute is the value of an attribute of the opening tag; nil: it has none of that name.
func (s stanza) attribute(name string) []byte {
	for _, quote := range []string{"'", `"`} {
		if _, rest, found := bytes.Cut(s.head, []byte(" "+name+"="+quote)); found {
			value, _, _ := bytes.Cut(rest, []byte(quote))

			return value
		}
	}

	return nil
}

// child is what the first element of that name holds that the stanza has inside; nil: it has none.
func (s stanza) child(name string) []byte {
	open := []byte("<" + name)
	for rest := s.inner; ; {
		at := bytes.Index(rest, open)
		if at < 0 {
			return nil
		}
		rest = rest[at:]
		head := tagSize(rest)
		if head > len(open) && strings.IndexByte(xmlSpace+">/", rest[len(open)]) >= 0 {
			if selfClosing(rest[:head]) {
				return rest[head:head]
			}
			text, _, _ := bytes.Cut(rest[head:], []byte("</"+name+">"))

			return text
		}
		rest = rest[len(open):]
	}
}
