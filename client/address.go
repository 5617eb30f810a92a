package client

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// address is a server's URL in parts.
type address struct {
	index     int    // in the client's addressList
	url       string // as shown in errors; for WebSocket the URL that is dialled
	hostport  string // of a stream
	host      string // the name that the certificate must have
	websocket bool
	secure    bool
}

// parseAddress checks a URL as a whole, so that Dial's errors about it need no network.
func parseAddress(raw string, conf *tls.Config) (address, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return address{}, fmt.Errorf("bad URL %q: want tcp://, tls://, ws:// or wss:// and host:port", raw)
	}
	a := address{host: u.Hostname(), hostport: u.Host}
	switch u.Scheme {
	case "tcp":
	case "tls":
		a.secure = true
	case "ws":
		a.websocket = true
	case "wss":
		a.websocket, a.secure = true, true
	default:
		return address{}, fmt.Errorf("bad URL %q: scheme is %q, want tcp, tls, ws or wss", u.Redacted(), u.Scheme)
	}
	switch {
	case u.User != nil:
		return address{}, fmt.Errorf("bad URL %q: remove the user: the token names it", u.Redacted())
	case a.host == "":
		return address{}, fmt.Errorf("bad URL %q: no host", raw)
	case !a.secure && conf != nil:
		return address{}, fmt.Errorf("WithTLS does not go with %q: want tls:// or wss://", raw)
	}
	if err := a.checkPort(u); err != nil {
		return address{}, fmt.Errorf("bad URL %q: %w", raw, err)
	}
	if a.websocket {
		if u.Path == "" || u.Path == "/" {
			u.Path = "/ws"
		}
	} else if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return address{}, fmt.Errorf("bad URL %q: %s has no path", raw, u.Scheme)
	}
	a.url = u.String()

	return a, nil
}

func (a address) checkPort(u *url.URL) error {
	port := u.Port()
	if port == "" {
		if a.websocket {
			return nil // HTTP's
		}

		return fmt.Errorf("no port, want %s", net.JoinHostPort(a.host, "7200"))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port is %s, want 1 to 65535", port)
	}

	return nil
}
