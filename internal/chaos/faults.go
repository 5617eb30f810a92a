package chaos

import (
	"time"
)

const (
	detectionHold = 2 * failureTimeout // long enough for the node to be declared dead
	longHold      = 4 * failureTimeout
	stepOutHold   = 3 * time.Second
)

// faults are all faults; rounds draw each once before any is drawn again.
var faults = []fault{
	{name: "killed, users stay away until notices arrive", short: true, awaitNotices: true, unavailable: needsNothing, inject: killNode},
	{name: "killed, restarted at once", max: failureTimeout, unavailable: needsNothing, inject: killNode},
	{name: "killed, restarted later", min: time.Second, max: 2 * time.Second, probeWithout: true, unavailable: needsNothing, inject: killNode},
	{name: "machine vanishes", awaitNotices: true, silent: true, unavailable: needsPackets, inject: vanishNode},
	{name: "paused longer than the failure timeout", short: true, min: detectionHold, max: longHold, unavailable: needsSignals, inject: pauseNode},
	{name: "paused, briefly", max: failureTimeout, unavailable: needsSignals, inject: pauseNode},
	{
		name: "killed while another node is paused", short: true, min: time.Second, max: detectionHold, unavailable: needsSignals,
		inject: killWhilePartnerPaused, check: checkOthersReady,
	},
	{name: "drained and restarted", max: time.Second, unavailable: needsSignals, inject: drainNode},
	{
		name: "replaced while the old process is paused", short: true, min: time.Second, max: longHold,
		unavailable: needsSignals, inject: replacePaused,
	},
	{name: "restarted with impostors to join", short: true, max: time.Second, unavailable: needsNothing, inject: restartWithImpostors},
	{
		name: "cut off from all nodes", min: detectionHold, max: longHold,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, allNodes),
	},
	{name: "cut off briefly", max: failureTimeout, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, allNodes)},
	{
		name: "receives nothing from nodes", min: failureTimeout, max: longHold,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, false, true, allNodes),
	},
	{
		name: "sends nothing to nodes", min: failureTimeout, max: longHold,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, true, false, allNodes),
	},
	{
		name: "cut off from one node", short: true, min: detectionHold + stepOutHold, max: longHold + stepOutHold,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, partnerOnly), check: checkOneSteppedOut,
	},
	{
		name: "cut off from clients", min: failureTimeout, max: 3 * heartbeat,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, clientsOnly),
	},
	{name: "loses a tenth of its packets", min: 2 * time.Second, max: 5 * time.Second, unavailable: needsPackets, inject: loseNodePackets},
	{
		name: "the cluster is split in two halves", short: true, min: detectionHold, max: longHold, wholeCluster: true,
		unavailable: needsPackets, inject: splitCluster,
	},
	{
		name: "gossip cut, links intact", short: true, min: detectionHold, max: 2 * longHold, harmless: true,
		unavailable: needsPackets, inject: cutTraffic(gossipTraffic, true, true, allNodes),
	},
	{
		name: "links cut, gossip intact", min: detectionHold, max: longHold,
		unavailable: needsPackets, inject: cutTraffic(linkTraffic, true, true, allNodes),
	},
	{
		name: "link to one node cut, gossip intact", min: detectionHold + stepOutHold, max: longHold + stepOutHold,
		unavailable: needsPackets, inject: cutTraffic(linkTraffic, true, true, partnerOnly), check: checkOneSteppedOut,
	},
	{
		name: "link connections reset in bursts", short: true, min: detectionHold, max: longHold, harmless: true,
		unavailable: needsPackets, inject: breakConnections(resetConn),
	},
	{
		name: "bytes of links changed", min: detectionHold, max: longHold, harmless: true,
		unavailable: needsPackets, inject: breakConnections(changedByte),
	},
	{
		name: "attacked with random bytes", short: true, min: detectionHold, max: longHold, harmless: true,
		unavailable: needsNothing, inject: attackNode(sendGarbage),
	},
	{
		name: "attacked with recorded bytes", short: true, min: detectionHold, max: longHold, harmless: true,
		unavailable: needsPackets, inject: attackNode(replayRecorded),
	},
}
