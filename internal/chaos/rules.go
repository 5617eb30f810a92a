package chaos

// rule names a kind of violation.
type rule string

const (
	lost             rule = "acknowledged, and never received by a session that lived and read"
	duplicated       rule = "received twice"
	reordered        rule = "received out of order"
	noOutcome        rule = "requests without any outcome"
	unexpected       rule = "handed over, and never sent or never on the wire"
	notHandedOver    rule = "on the wire, and not handed over by the client"
	falseNotFound    rule = "user not found, who was connected"
	missingNotice    rule = "peers that were not told that somebody had gone"
	falseNotice      rule = "peers told that somebody had gone who had not"
	twoSessions      rule = "users with two sessions"
	notRecovered     rule = "pairs that did not work again in time"
	nodeFailure      rule = "nodes that ended, panicked, raced, or did not drain"
	noLink           rule = "pairs of nodes that never had a link"
	failedMessage    rule = "messages that failed while only gossip, connections or strangers' bytes were amiss"
	lateKillNotice   rule = "peers told too late of the users of a killed process"
	lateVanishNotice rule = "peers told too late of the users of a machine that vanished"
	notReady         rule = "nodes that were not ready again in time"
	wrongMembership  rule = "nodes that stepped out, or did not, against the rule"
	separateClusters rule = "starts of six nodes that did not become one cluster"
	plaintext        rule = "user IDs, texts or secrets in clear between nodes"
	leaked           rule = "user IDs, texts or secrets that strangers were told"
	searchBroken     rule = "searches that would have found nothing in clear either"
)

var rules = []rule{
	lost, duplicated, reordered, noOutcome, falseNotFound, missingNotice, falseNotice, twoSessions, notHandedOver, unexpected, failedMessage, lateKillNotice, lateVanishNotice,
	notRecovered, notReady, wrongMembership, separateClusters, nodeFailure, noLink, plaintext, leaked, searchBroken,
}

// violation is a violation of a rule.
type violation struct {
	rule rule
	at   moment
	text string
}
