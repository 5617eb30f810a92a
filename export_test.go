package parley

import "github.com/parley-dm/parley/internal/metrics"

// MetricRows is the table of metrics.
func MetricRows() []metrics.Row { return metrics.Table() }
