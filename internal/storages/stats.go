package storages

import (
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/natsnode"
)

// Stats is what a node's metrics show of its storages.
type Stats struct {
	Storages []Storage       // by name
	Node     *natsnode.Stats // nil: nothing of NATS runs
}

// Storage counts what this node has done with a storage since its start.
type Storage struct {
	Name       string
	Operations []Operation // those that have been called
	Conflicts  uint64      // attempts of an update that another writer was ahead of
	Retries    uint64      // attempts without an answer, that were made again
	MaxBytes   int64
	Size       *int64 // of all its entries, in bytes; nil: it did not say in time
}

// Operation counts the calls of one operation.
type Operation struct {
	Name     string            // the method's name, without Ex and Context
	Outcomes map[string]uint64 // calls by outcome
	Times    latency.Snapshot  // how long they took
}
