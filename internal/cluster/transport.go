package cluster

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	streamTimeout = 2 * time.Second
	// maxStreams bounds the gossip streams of other nodes that wait to be taken; further ones are
	// closed.
	maxStreams = 64
	// maxDatagram is more than any gossip packet has.
	maxDatagram = 64 << 10
	// udpBuffer is what the system may hold of gossip packets, in bytes.
	udpBuffer = 1 << 20
)

// transport carries gossip on the address of the links: packets by UDP on a socket of its own,
// streams by TCP through the links' listener, which knows them by their first byte.
type transport struct {
	udp     net.PacketConn
	packets chan *memberlist.Packet
	streams chan net.Conn
	quit    chan struct{}
	once    sync.Once
	reading sync.WaitGroup
}

var _ memberlist.NodeAwareTransport = (*transport)(nil)

// newTransport begins to read packets.
func newTransport(udp net.PacketConn) *transport {
	if c, ok := udp.(*net.UDPConn); ok {
		_ = c.SetReadBuffer(udpBuffer)
	}
	t := &transport{
		udp: udp, packets: make(chan *memberlist.Packet), streams: make(chan net.Conn, maxStreams), quit: make(chan struct{}),
	}
	t.reading.Go(t.read)

	return t
}

// listenGossip opens the UDP socket. With port 0 the system chooses one; the links then listen on
// it, too.
func listenGossip(ctx context.Context, addr string) (net.PacketConn, error) {
	var lc net.ListenConfig
	udp, err := lc.ListenPacket(ctx, "udp", addr)
	if err != nil {
		return nil, fmt.Errorf("gossip: %w", err)
	}

	return udp, nil
}

func (t *transport) read() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := t.udp.ReadFrom(buf)
		if err != nil {
			select {
			case <-t.quit:
				return
			default: // a packet could not be delivered somewhere: ICMP's word for it
				continue
			}
		}
		if n == 0 {
			continue
		}
		select {
		case t.packets <- &memberlist.Packet{Buf: append([]byte(nil), buf[:n]...), From: from, Timestamp: time.Now()}:
		case <-t.quit:
			return
		}
	}
}

// stream takes a connection that came to the links' listener. It does not block.
func (t *transport) stream(conn net.Conn) {
	select {
	case <-t.quit:
	default:
		select {
		case t.streams <- conn:
			return
		default:
		}
	}
	_ = conn.Close()
}

// FinalAdvertiseAddr implements memberlist.Transport.
func (*transport) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	return net.ParseIP(ip), port, nil
}

// WriteTo implements memberlist.Transport.
func (t *transport) WriteTo(b []byte, addr string) (time.Time, error) {
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return time.Time{}, err
	}
	_, err = t.udp.WriteTo(b, to)

	return time.Now(), err
}

// WriteToAddress implements memberlist.NodeAwareTransport.
func (t *transport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	return t.WriteTo(b, a.Addr)
}

// PacketCh implements memberlist.Transport.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// DialTimeout implements memberlist.Transport.
func (*transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return (&net.Dialer{Timeout: timeout}).Dial("tcp", addr)
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (t *transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(a.Addr, timeout)
}

// StreamCh implements memberlist.Transport.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown implements memberlist.Transport.
func (t *transport) Shutdown() error {
	t.once.Do(func() {
		close(t.quit)
		_ = t.udp.Close()
		t.reading.Wait()
		for {
			select {
			case conn := <-t.streams:
				_ = conn.Close()
			default:
				return
			}
		}
	})

	return nil
}
