package httpapi

// Routes lists the patterns of the API's handlers.
func Routes() (patterns []string) {
	for _, r := range new(api).routes() {
		patterns = append(patterns, r.pattern)
	}

	return patterns
}
