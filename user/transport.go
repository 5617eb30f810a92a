package user

// Transports, as [User.GetClientTransport] numbers them.
const (
	TransportTCP       = 1
	TransportUDP       = 2 // QUIC included
	TransportWebSocket = 3
	TransportUnknown   = 4 // of a blank user
)

// Transport is "tcp", "tls", "ws", "wss" or "quic", "" for a blank user.
func (u *User) Transport() string {
	if u.IsBlank() {
		return ""
	}

	return u.session.Conn().Transport()
}

// GetClientTransport is the number of the client's transport: TransportTCP and so on, with or
// without TLS.
func (u *User) GetClientTransport() int {
	switch u.Transport() {
	case "tcp", "tls":
		return TransportTCP
	case "quic":
		return TransportUDP
	case "ws", "wss":
		return TransportWebSocket
	}

	return TransportUnknown
}

// IsTCP reports whether the client is connected by TCP itself, with or without TLS.
func (u *User) IsTCP() bool { return u.GetClientTransport() == TransportTCP }

// IsUDP reports whether the client is connected by UDP: by QUIC.
func (u *User) IsUDP() bool { return u.GetClientTransport() == TransportUDP }
