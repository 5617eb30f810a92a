package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// stubMQTT is a broker that forwards PUBLISH packets to the subscriber of their topic. It takes
// exactly what bench sends.
func stubMQTT(t *testing.T, loses int) string {
	t.Helper()
	o := newStubServer(t)
	o.dropFirst = loses

	return listen(t, func(conn net.Conn) {
		if err := o.mqtt(conn); err != nil && !ended(err) {
			t.Error(err)
		}
	})
}

// readPacket reads one MQTT packet, by the letter.
func readPacket(r io.Reader) (first byte, rest []byte, err error) {
	var b [1]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, nil, err
	}
	first = b[0]
	length := 0
	for shift := 0; ; shift += 7 {
		if shift > 21 {
			return 0, nil, errors.New("a length of more than four bytes")
		}
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, nil, err
		}
		length |= int(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			break
		}
	}
	rest = make([]byte, length)
	_, err = io.ReadFull(r, rest)

	return first, rest, err
}

func (o *stubServer) mqtt(conn net.Conn) error {
	first, connect, err := readPacket(conn)
	if err != nil {
		return err
	}
	id, known := strings.CutPrefix(string(connect), "\x00\x04MQTT\x04\x02\x00\x00")
	if first != 0x10 || !known || len(id) < 3 || len(id) != 2+int(id[0])<<8+int(id[1]) || len(id)-2 > 23 {
		return fmt.Errorf("a bad CONNECT: %x %q", first, connect)
	}
	if _, err := conn.Write([]byte{0x20, 2, 0, 0}); err != nil {
		return err
	}
	first, subscribe, err := readPacket(conn)
	if err != nil {
		return err
	}
	if first != 0x82 || len(subscribe) < 5 || int(binary.BigEndian.Uint16(subscribe[2:])) != len(subscribe)-5 || subscribe[len(subscribe)-1] != 0 {
		return fmt.Errorf("a bad SUBSCRIBE: %x %q", first, subscribe)
	}
	topic := subscribe[2 : len(subscribe)-1]
	leave := o.login(string(topic), func(payload []byte) {
		packet := binary.AppendUvarint([]byte{0x30}, uint64(len(topic)+len(payload)))
		_, _ = conn.Write(append(append(packet, topic...), payload...))
	})
	defer leave()
	if _, err := conn.Write([]byte{0x90, 3, subscribe[0], subscribe[1], 0}); err != nil {
		return err
	}
	for {
		first, publish, err := readPacket(conn)
		if err != nil {
			return err
		}
		if first != 0x30 || len(publish) < 2 || len(publish) < 2+int(binary.BigEndian.Uint16(publish)) {
			return fmt.Errorf("a bad PUBLISH: %x %q", first, publish)
		}
		n := 2 + int(binary.BigEndian.Uint16(publish))
		o.forward(string(publish[:n]), publish[n:])
	}
}
