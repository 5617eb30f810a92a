package user

import "time"

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

// GetLatency is how long the client took to answer the latest ping that it has answered, in
// milliseconds, rounded up; 0 if there was none yet, and for a blank user. The server pings a
// client from which, or to which, nothing came for one and a quarter heartbeats.
func (u *User) GetLatency() int64 {
	if u.IsBlank() {
		return 0
	}
	const roundUp = time.Millisecond - 1

	return int64((u.session.Conn().Latency() + roundUp) / time.Millisecond)
}
