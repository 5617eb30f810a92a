package chaos

// rule names a kind of violation.
type rule string

const (
	lost             rule = "acknowledged messages that a live session never received"
	duplicated       rule = "messages received twice"
	reordered        rule = "messages received out of order"
	noOutcome        rule = "requests without any outcome"
	unexpected       rule = "messages handed over that were not sent, or not on the wire"
	notHandedOver    rule = "messages on the wire that the client did not hand over"
	falseNotFound    rule = "'user not found' for connected users"
	missingNotice    rule = "missing disconnect notices"
	falseNotice      rule = "disconnect notices about connected users"
	twoSessions      rule = "users with two sessions"
	notRecovered     rule = "pairs of users that did not recover in time"
	nodeFailure      rule = "nodes that ended, panicked, raced or did not drain"
	noLink           rule = "pairs of nodes that never had a link"
	failedMessage    rule = "messages that failed during a fault that must not fail any"
	lateKillNotice   rule = "late disconnect notices after a killed process"
	lateVanishNotice rule = "late disconnect notices after a vanished machine"
	notReady         rule = "nodes that were not ready in time"
	wrongMembership  rule = "nodes that stepped out, or stayed, against the rule"
	separateClusters rule = "starts of six nodes that did not become one cluster"
	plaintext        rule = "user IDs, texts or secrets in plain text between nodes"
	leaked           rule = "user IDs, texts or secrets sent to outsiders"
	searchBroken     rule = "searches for plain text that do not work"
)

var rules = []rule{
	lost, duplicated, reordered, noOutcome, falseNotFound, missingNotice, falseNotice, twoSessions,
	notHandedOver, unexpected, failedMessage, lateKillNotice, lateVanishNotice,
	notRecovered, notReady, wrongMembership, separateClusters, nodeFailure, noLink, plaintext, leaked, searchBroken,
}

// violation is one violation of a rule.
type violation struct {
	rule rule
	at   moment
	text string
}
