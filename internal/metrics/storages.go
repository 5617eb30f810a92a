package metrics

import (
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

func storageRows() []Row {
	return []Row{
		{
			Name: "parley_storage_operations_total", Kind: httpapi.Counter, Labels: []string{"storage", "operation", "outcome"},
			Help: "Operations of this node on storages, by the method's name and by how they ended: ok, or an error of package dive; those that have happened.",
			Read: func(r *Readings, add httpapi.Add) {
				eachOperation(r, func(storage string, o *storages.Operation) {
					for outcome, n := range o.Outcomes {
						add(float64(n), storage, o.Name, outcome)
					}
				})
			},
		},
		{
			Name: "parley_storage_operation_seconds", Kind: httpapi.Histogram, Labels: []string{"storage", "operation"},
			Help: "How long operations of this node on storages took, with all attempts and the callbacks of the application.",
			Times: func(r *Readings, add httpapi.AddTimes) {
				eachOperation(r, func(storage string, o *storages.Operation) { add(o.Times, storage, o.Name) })
			},
		},
		perStorage(httpapi.Counter, "parley_storage_conflicts_total", "Attempts of this node to change a value that another writer was ahead of: made again.",
			func(s *storages.Storage) *int64 { return known(s.Conflicts) }),
		perStorage(httpapi.Counter, "parley_storage_retries_total", "Attempts of this node that had no answer: made again, as long as the operation has time.",
			func(s *storages.Storage) *int64 { return known(s.Retries) }),
		perStorage(httpapi.Gauge, "parley_storage_bytes",
			"What a storage holds, on all nodes, one copy of each value counted. It is missing while the storage does not answer within 250 ms.",
			func(s *storages.Storage) *int64 { return s.Size }),
		perStorage(httpapi.Gauge, "parley_storage_limit_bytes", "What a storage may hold: writes beyond it end in full.",
			func(s *storages.Storage) *int64 { return known(s.MaxBytes) }),
		flag(ofNATS, "parley_storage_connected", "1 if this node has a connection to a node that keeps storages, itself included, else 0.",
			func(n *natsnode.Stats) bool { return n.Connected }),
		counter(ofNATS, "parley_storage_reconnects_total", "Times that this connection was made anew.", func(n *natsnode.Stats) uint64 { return n.Reconnects }),
		gauge(ofNATS, "parley_storage_memory_bytes", "What storages take of this node's memory; 0: they are kept elsewhere.",
			func(n *natsnode.Stats) uint64 { return n.Memory }),
	}
}

func eachOperation(r *Readings, f func(storage string, o *storages.Operation)) {
	for i := range r.Storages.Storages {
		s := &r.Storages.Storages[i]
		for j := range s.Operations {
			f(s.Name, &s.Operations[j])
		}
	}
}

// perStorage is a metric with a value for each storage; nil: it is not known.
func perStorage(kind httpapi.Kind, name, help string, read func(*storages.Storage) *int64) Row {
	return byLabel(kind, ofNode, name, "storage", help, func(r *Readings) map[string]int64 {
		all := make(map[string]int64)
		for i := range r.Storages.Storages {
			if n := read(&r.Storages.Storages[i]); n != nil {
				all[r.Storages.Storages[i].Name] = *n
			}
		}

		return all
	})
}

func known[N int64 | uint64](n N) *int64 {
	value := int64(n)

	return &value
}
