package link

import (
	"context"
	"net"
	"time"

	"github.com/parley-dm/parley/internal/netio"
)

// TCP is the network of real nodes.
var TCP Network = tcp{}

type tcp struct{}

func (tcp) Listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig

	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}

	return liftListener(ln), nil
}

func (tcp) Dial(ctx context.Context, addr string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1} // beats say more

	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}

	return liftConn(conn), nil
}

// tune has small writes sent at once, and the system give up a connection that a dead machine left.
// A link has ended long before.
func tune(conn net.Conn, failure time.Duration) { netio.Tune(conn, 2*failure) }
