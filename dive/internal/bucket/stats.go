package bucket

import "context"

// Counts is how many attempts of updates another writer was ahead of, and how many attempts had no
// answer and were made again.
func (b *Bucket) Counts() (conflicts, retries uint64) { return b.conflicts.Load(), b.retries.Load() }

// Size is what all entries take, in bytes, those of deletions that are remembered included; nil if
// the storage does not say so before ctx ends.
func (b *Bucket) Size(ctx context.Context) *int64 {
	if !b.ready.Load() {
		return nil
	}
	stream, err := b.js.Stream(ctx, b.stream) // with the newest of what is told of it
	if err != nil {
		return nil
	}
	size := int64(stream.CachedInfo().State.Bytes)

	return &size
}
