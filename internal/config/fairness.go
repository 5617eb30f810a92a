package config

// fairnessSettings are the rows of the table that keep clients from slowing each other down.
func fairnessSettings() []Setting {
	return []Setting{
		whole("rate_messages", "500", "messages a second of one session, with a burst of four seconds' worth; faster ones are read more slowly; 0: no limit",
			func(c *Config) *int { return &c.RateMessages }),
		whole("rate_bytes", "1048576", "bytes a second of one session, likewise; 0: no limit", func(c *Config) *int { return &c.RateBytes }),
		whole("queue_memory", "", "what the queues of all clients may hold together, in MiB; 0: no limit (default: a quarter of the memory)",
			func(c *Config) *int { return &c.QueueMemory }),
	}
}
