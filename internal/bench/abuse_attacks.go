package bench

import (
	"fmt"
	"strings"
)

// attack is one way to harm the users of a node.
type attack struct {
	name string
	what string
	run  func(t *target) // sets the attackers up; they act once all of them are logged in
}

// attacks are all of them, in the order of the table.
var attacks = []attack{
	{"flood-1", "1 client floods 1 recipient", func(t *target) { attackFlood(t, 1, honestSize) }},
	{"flood-4", "4 clients flood 1 recipient", func(t *target) { attackFlood(t, 4, honestSize) }},
	{"large-messages", "4 clients flood 1 recipient with messages of 60 KB", func(t *target) { attackFlood(t, 4, maxSize) }},
	{"pings", "1 client sends pings", attackPings},
	{"unknown-commands", "2 clients send requests with an unknown command", attackUnknownCommands},
	{"stalled-readers", "100 clients do not read and are flooded by 4", attackStalledReaders},
	{"many-recipients", "1 client sends to 3,000 users of the other node in turn", attackManyRecipients},
	{"absent-lookups", "1 client sends to users that are not connected", attackAbsentLookups},
	{"slow-recipient", "1 client floods a recipient that reads 200 KB/s, to which a friend sends too", attackSlowRecipient},
	{"pipelined", "1 client pipelines 2,000 messages, to a user of the other node, again and again", attackPipelined},
	{"devices", "20 devices of 1 user, on both nodes, log each other out", attackDevices},
	{"unread-pushes", "300 clients send each other 16 KB messages and read nothing", attackUnreadPushes},
	{"unread-responses", "20 clients send requests and do not read the responses", attackUnreadResponses},
	{"ws-fragments", "4 WebSocket clients send a message of empty fragments without end", attackFragments},
	{"ws-control", "4 WebSocket clients send pings and pongs", attackControlFrames},
	{"ws-strangers", "8 WebSocket connections send pings and fragments instead of a hello", attackStrangerFrames},
	{"byte-writes", "20 clients write their messages byte by byte", attackByteWrites},
	{"giant-frames", "8 clients send frames that claim 4 GB, and come back", attackGiantFrames},
	{"slow-hello", "1,000 connections send a byte of their hello every 100 ms", attackSlowHello},
	{"half-open", "9,000 connections of 1 address say nothing, and are opened anew when closed", attackHalfOpen},
}

// Attack is the name of an attack and what it does.
type Attack struct{ Name, What string }

// Attacks lists all attacks.
func Attacks() []Attack {
	all := make([]Attack, len(attacks))
	for i, a := range attacks {
		all[i] = Attack{a.name, a.what}
	}

	return all
}

// attackNames lists their names.
func attackNames() []string {
	names := make([]string, len(attacks))
	for i, a := range attacks {
		names[i] = a.name
	}

	return names
}

func findAttack(name string) (attack, error) {
	for _, a := range attacks {
		if a.name == name {
			return a, nil
		}
	}

	return attack{}, fmt.Errorf("--attack %s: there are %s", name, strings.Join(attackNames(), ", "))
}
