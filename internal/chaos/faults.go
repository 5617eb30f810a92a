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
	{name: "killed, its users stay away", short: true, awaitNotices: true, unavailable: needsNothing, inject: killNode},
	{name: "killed, back at once", max: failureTimeout, unavailable: needsNothing, inject: killNode},
	{name: "killed, back later", min: time.Second, max: 2 * time.Second, probeWithout: true, unavailable: needsNothing, inject: killNode},
	{name: "its machine vanishes", awaitNotices: true, silent: true, unavailable: needsPackets, inject: vanishNode},
	{name: "paused, longer than the failure timeout", short: true, min: detectionHold, max: longHold, unavailable: needsSignals, inject: pauseNode},
	{name: "paused, briefly", max: failureTimeout, unavailable: needsSignals, inject: pauseNode},
	{
		name: "killed while another one is paused", short: true, min: time.Second, max: detectionHold, unavailable: needsSignals,
		inject: killWhilePartnerPaused, check: checkOthersReady,
	},
	{name: "drained and restarted", max: time.Second, unavailable: needsSignals, inject: drainNode},
	{name: "restarted while its old process is paused", short: true, min: time.Second, max: longHold, unavailable: needsSignals, inject: replacePaused},
	{name: "restarted, with strangers to join", short: true, max: time.Second, unavailable: needsNothing, inject: restartWithImpostors},
	{name: "cut off from all nodes", min: detectionHold, max: longHold, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, allNodes)},
	{name: "cut off briefly", max: failureTimeout, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, allNodes)},
	{name: "heard but hears nothing", min: failureTimeout, max: longHold, unavailable: needsPackets, inject: cutTraffic(allTraffic, false, true, allNodes)},
	{name: "hears but is not heard", min: failureTimeout, max: longHold, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, false, allNodes)},
	{
		name: "cut off from one node", short: true, min: detectionHold + stepOutHold, max: longHold + stepOutHold,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, partnerOnly), check: checkOneSteppedOut,
	},
	{name: "cut off from clients", min: failureTimeout, max: 3 * heartbeat, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, clientsOnly)},
	{name: "loses packets", min: 2 * time.Second, max: 5 * time.Second, unavailable: needsPackets, inject: loseNodePackets},
	{name: "the cluster is split in two halves", short: true, min: detectionHold, max: longHold, wholeCluster: true, unavailable: needsPackets, inject: splitCluster},
	{
		name: "its gossip is cut, its links stand", short: true, min: detectionHold, max: 2 * longHold, harmless: true,
		unavailable: needsPackets, inject: cutTraffic(gossipTraffic, true, true, allNodes),
	},
	{name: "its links are cut, its gossip goes on", min: detectionHold, max: longHold, unavailable: needsPackets, inject: cutTraffic(linkTraffic, true, true, allNodes)},
	{
		name: "its link to one node is cut, gossip goes on", min: detectionHold + stepOutHold, max: longHold + stepOutHold,
		unavailable: needsPackets, inject: cutTraffic(linkTraffic, true, true, partnerOnly), check: checkOneSteppedOut,
	},
	{name: "connections of its links are reset in bursts", short: true, min: detectionHold, max: longHold, harmless: true, unavailable: needsPackets, inject: breakConnections(resetConn)},
	{name: "bytes of its links are changed", min: detectionHold, max: longHold, harmless: true, unavailable: needsPackets, inject: breakConnections(changedByte)},
	{name: "attacked with invented bytes", short: true, min: detectionHold, max: longHold, harmless: true, unavailable: needsNothing, inject: attackNode(sendGarbage)},
	{name: "attacked with recorded bytes", short: true, min: detectionHold, max: longHold, harmless: true, unavailable: needsPackets, inject: attackNode(replayRecorded)},
}
