package parley

// MetricRows is the table of metrics.
func MetricRows() []metric { return metricsTable() }
