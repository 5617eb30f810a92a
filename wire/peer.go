package wire

// AppendPeer appends a user ID as the payloads of the built-in commands have it. It panics if the
// ID has more than 255 bytes, which no user ID has (package user's limit is 128), and allocates
// only when dst has no room. An empty ID is appended as it is; ParsePeer refuses it.
//
//	0     1           1+n
//	|  n  | user ID   | rest of the payload ...
func AppendPeer(dst []byte, userID string) []byte {
	if len(userID) > 255 {
		panic("wire: a peer of more than 255 bytes")
	}

	return append(append(dst, byte(len(userID))), userID...)
}

// ParsePeer splits a payload that begins with a peer. Both parts alias it. The error is
// ErrMalformedPeer when n is 0 or more than the payload holds. Whether the peer is a user ID (its
// length, UTF-8) is not looked at.
func ParsePeer(payload []byte) (peer, rest []byte, err error) {
	if len(payload) == 0 {
		return nil, nil, ErrMalformedPeer
	}
	n := int(payload[0])
	if n == 0 || 1+n > len(payload) {
		return nil, nil, ErrMalformedPeer
	}

	return payload[1 : 1+n : 1+n], payload[1+n:], nil
}
