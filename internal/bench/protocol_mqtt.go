package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// mqttProtocol is that of plain MQTT 3.1.1 clients: a user subscribes to its own topic, and a
// sender publishes to that topic, both with QoS 0.
type mqttProtocol struct {
	run string // in names, so that two runs do not take each other's sessions over
}

// The packets that are needed; the low four bits are flags.
const (
	mqttConnect    = 0x10
	mqttConnAck    = 0x20
	mqttPublish    = 0x30
	mqttSubscribe  = 0x82 // with the flags that it has to have
	mqttSubAck     = 0x90
	mqttPingAnswer = 0xd0

	mqttType  = 0xf0 // the bits of a packet's type
	mqttQoS   = 0x06 // the bits of a PUBLISH's QoS
	mqttClean = 0x02 // CONNECT: nothing is kept of an earlier session
	mqttNo    = 0x80 // SUBACK: the subscription is refused

	mqttTopic = "parley/bench/"
)

var errMQTT = errors.New("the MQTT broker sends what was not expected")

// mqttRefusals are the codes of a CONNACK.
var mqttRefusals = map[byte]string{
	1: "it does not speak MQTT 3.1.1", 2: "client identifier rejected", 3: "server unavailable", 4: "bad user name or password",
	5: "not authorized: it has to let anonymous clients in",
}

func (p mqttProtocol) name(user uint32) string {
	return p.run + "-" + strconv.FormatUint(uint64(user), 10)
}

// asyncRouting: brokers propagate subscriptions to each other asynchronously.
func (mqttProtocol) asyncRouting() bool { return true }

// mqttPacket is a packet: its first byte, the length of the rest in 7 bits a byte, least first, and
// the rest.
func mqttPacket(first byte, rest []byte) []byte {
	packet := binary.AppendUvarint([]byte{first}, uint64(len(rest)))

	return append(packet, rest...)
}

func mqttText(to []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(s))), s...)
}

func (p mqttProtocol) login(c *conn, user uint32) error {
	begin := mqttText(nil, "MQTT")
	begin = append(begin, 4, mqttClean, 0, 0) // version 3.1.1; no keep-alive
	if err := c.write(mqttPacket(mqttConnect, mqttText(begin, p.name(user)))); err != nil {
		return err
	}
	answer, err := mqttAnswer(c, mqttConnAck)
	if err != nil {
		return err
	}
	if code := answer[1]; code != 0 {
		return fmt.Errorf("the MQTT broker refuses: %d, %s", code, mqttRefusals[code])
	}
	subscribe := append(mqttText([]byte{0, 1}, mqttTopic+p.name(user)), 0) // packet 1; QoS 0
	if err := c.write(mqttPacket(mqttSubscribe, subscribe)); err != nil {
		return err
	}
	if answer, err = mqttAnswer(c, mqttSubAck); err != nil {
		return err
	}
	if answer[2] == mqttNo {
		return fmt.Errorf("the MQTT broker refuses a subscription to %s%s", mqttTopic, p.name(user))
	}

	return nil
}

// mqttAnswer waits for the answer to a packet of a login: a CONNACK has two bytes, a SUBACK three.
func mqttAnswer(c *conn, first byte) ([]byte, error) {
	for {
		if c.r < c.w && c.buf[c.r] != first { // not MQTT: do not wait for the rest
			return nil, errMQTT
		}
		_, rest, n, err := mqttSplit(c.buf[c.r:c.w])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			if err := c.fill(); err != nil {
				return nil, fmt.Errorf("no answer from the MQTT broker: %w", err)
			}

			continue
		}
		c.r += n
		if len(rest) != 2+int(first>>7) {
			return nil, errMQTT
		}

		return rest, nil
	}
}

// mqttSplit finds the first packet; n is 0 while it is not whole.
func mqttSplit(buf []byte) (first byte, rest []byte, n int, err error) {
	if len(buf) < 2 {
		return 0, nil, 0, nil
	}
	length, size := binary.Uvarint(buf[1:min(len(buf), 5)])
	switch {
	case size == 0 && len(buf) >= 5, length > maxFrame:
		return 0, nil, 0, errMQTT
	case size == 0, len(buf)-1-size < int(length):
		return 0, nil, 0, nil
	}
	n = 1 + size + int(length)

	return buf[0], buf[1+size : n : n], n, nil
}

func (p mqttProtocol) message(to uint32, size int) template {
	frame := mqttPacket(mqttPublish, append(mqttText(nil, mqttTopic+p.name(to)), make([]byte, size)...))

	return template{frame: frame, payload: len(frame) - size}
}

func (mqttProtocol) next(buf []byte) (event, int, error) {
	first, rest, n, err := mqttSplit(buf)
	switch {
	case err != nil || n == 0:
		return event{}, 0, err
	case first == mqttPingAnswer:
		return event{}, n, nil
	case first&mqttType != mqttPublish || first&mqttQoS != 0 || len(rest) < 2:
		return event{}, 0, errMQTT
	}
	topic := 2 + int(binary.BigEndian.Uint16(rest))
	if topic > len(rest) {
		return event{}, 0, errMQTT
	}

	return event{payload: rest[topic:]}, n, nil
}
