package bucket

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Change is what an update makes of an entry.
type Change struct {
	Value []byte // nil: the key is deleted
	TTL   uint32 // seconds; of no meaning for a deletion
	Keep  bool   // nothing is written
}

// deletionTTL is how long a deletion stays in the trail, in seconds: longer than any writer looks
// for the outcome of a write.
func (b *Bucket) deletionTTL() uint32 { return uint32(2*b.cfg.Timeout.Seconds()) + 5 }

// Set writes a value, whatever the key holds. Ctx must have a deadline.
func (b *Bucket) Set(ctx context.Context, key string, value []byte, ttl uint32) error {
	id := newWriteID()
	if err := b.Ensure(ctx); err != nil {
		return err
	}
	blind := Entry{Value: value, trail: trail{ids: []writeID{id}, cut: true}}
	err := b.write(ctx, key, blind, ttl, nil)
	if err == nil || !transient(err) {
		return err
	}
	b.suspect(err)
	b.retries.Add(1)
	u := update{bucket: b, key: key, id: id, unknown: !certainlyNotSent(err), blind: true}

	return u.run(ctx, func([]byte) (Change, error) { return Change{Value: value, TTL: ttl}, nil })
}

// Update changes an entry: change is given the value, nil if the key is not there, and may be
// called several times, each time with the newest value; the last call is the one that counts. An
// error of change ends the update, and is returned. Ctx must have a deadline.
func (b *Bucket) Update(ctx context.Context, key string, change func(old []byte) (Change, error)) error {
	u := update{bucket: b, key: key, id: newWriteID()}

	return u.run(ctx, change)
}

// Create writes a value if the key is not there, as [Bucket.Update] does; exists is returned if it
// is. It does not read the key first.
func (b *Bucket) Create(ctx context.Context, key string, value []byte, ttl uint32, exists error) error {
	if err := b.Ensure(ctx); err != nil {
		return err
	}
	u := update{bucket: b, key: key, id: newWriteID()}
	err := u.attempt(ctx, Change{Value: value, TTL: ttl})
	if err == nil || !transient(err) && !errors.Is(err, errConflict) {
		return err
	}
	b.suspect(err)
	if !errors.Is(err, errConflict) {
		b.retries.Add(1)
	}
	u.unknown = !certainlyNotSent(err)

	return u.run(ctx, func(old []byte) (Change, error) {
		if old != nil {
			return Change{}, exists
		}

		return Change{Value: value, TTL: ttl}, nil
	})
}

// update is one compare-and-set loop. All its attempts have the same ID: at most one of them can
// happen, since each is made after the one before has failed for good, or on the same entry.
type update struct {
	bucket  *Bucket
	key     string
	id      writeID
	base    Entry // of the last attempt
	unknown bool  // the last attempt had no answer
	blind   bool  // an earlier attempt was not conditional
}

func (u *update) run(ctx context.Context, change func(old []byte) (Change, error)) error {
	for conflicts := 0; ; {
		e, err := u.bucket.Get(ctx, u.key)
		if err != nil {
			if u.unknown {
				err = fmt.Errorf("%w; the outcome is unknown", err)
			}

			return err
		}
		if u.unknown {
			done, err := u.resolve(e)
			if done || err != nil {
				return err
			}
		}
		c, err := change(e.Value)
		if err != nil || c.Keep {
			return err
		}
		u.base = e
		err = u.attempt(ctx, c)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errConflict):
			conflicts++
			u.bucket.conflicts.Add(1)
		case !transient(err):
			return err
		default:
			u.unknown = u.unknown || !certainlyNotSent(err)
			u.bucket.retries.Add(1)
		}
		u.bucket.suspect(err)
		if conflicts == maxConflicts || !u.bucket.pause(ctx, conflicts) {
			return u.giveUp(err, conflicts)
		}
	}
}

// giveUp is the error of an update that has run out of time or attempts.
func (u *update) giveUp(err error, conflicts int) error {
	if errors.Is(err, errConflict) && !u.unknown {
		return fmt.Errorf("%w: %d attempts", ErrContended, conflicts)
	}

	return unavailable(err, u.unknown)
}

func (u *update) attempt(ctx context.Context, c Change) error {
	next := Entry{Value: c.Value, trail: u.base.trail.after(u.id)}
	ttl := c.TTL
	if c.Value == nil {
		ttl = u.bucket.deletionTTL()
	}

	return u.bucket.write(ctx, u.key, next, ttl, &u.base.seq)
}

// resolve finds out from the newest entry whether the last attempt has happened. If it is neither
// done nor an error, it has not, or may still on the same entry.
func (u *update) resolve(e Entry) (done bool, err error) {
	switch {
	case slices.Contains(e.trail.ids, u.id):
		return true, nil
	case u.blind || e.seq == u.base.seq:
		return false, nil
	case e.trail.shows(u.base.trail):
		u.unknown = false

		return false, nil
	}

	return false, fmt.Errorf("%w: an answer was lost, and the key has changed since; the outcome is unknown", ErrUnavailable)
}
