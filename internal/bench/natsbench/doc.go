// Package natsbench runs a plain NATS server, clustered with another one, for "parley bench compare": the same
// users and the same messages, with NATS clients in place of Parley. It is the module that Parley embeds, with the settings
// that a NATS server has by itself.
//
// # Limits
//
// It listens on loopback, at ports that the system chooses, and has no authentication: it is there to be measured.
package natsbench
