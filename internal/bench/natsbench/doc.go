// Package natsbench runs a plain NATS server, clustered with another one, for "parley bench
// compare": the same users and the same messages, with NATS clients in place of Parley. It is the
// module that Parley embeds, with the settings that a NATS server has by itself.
//
// # Limits
//
// It has no authentication: it only serves measurements. Its cluster port is on loopback.
package natsbench
