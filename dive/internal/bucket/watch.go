package bucket

import (
	"context"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// Watcher follows the changes of one key.
type Watcher struct {
	messages jetstream.MessagesContext
	seen     uint64
}

// Watch reads the key's value, nil if it is not there, and follows it. Ctx must have a deadline,
// and bounds the beginning only. The watcher must be stopped.
func (b *Bucket) Watch(ctx context.Context, key string) (value []byte, w *Watcher, err error) {
	e, err := b.Get(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	cfg := jetstream.OrderedConsumerConfig{FilterSubjects: []string{b.prefix + encodeKey(key)}}
	if e.seq > 0 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, e.seq
	} else {
		cfg.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
	}
	consumer, err := b.js.OrderedConsumer(ctx, b.stream, cfg)
	if err != nil {
		return nil, nil, unavailable(err, false)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, nil, unavailable(err, false)
	}

	return e.Value, &Watcher{messages: messages, seen: e.seq}, nil
}

// Next waits for a newer value, nil if the key is not there any more. The error says that the
// watcher was stopped or cannot go on.
func (w *Watcher) Next() (value []byte, err error) {
	for {
		m, err := w.messages.Next()
		if err != nil {
			return nil, unavailable(err, false)
		}
		if meta, err := m.Metadata(); err == nil && meta.Sequence.Stream > w.seen {
			w.seen = meta.Sequence.Stream

			return decodeEntry(w.seen, m.Data()).Value, nil
		}
	}
}

// Stop ends Next.
func (w *Watcher) Stop() { w.messages.Stop() }

// Keys lists the keys that begin with prefix, in the order of their last writes. Ctx must have a
// deadline.
func (b *Bucket) Keys(ctx context.Context, prefix string) ([]string, error) {
	if err := b.Ensure(ctx); err != nil {
		return nil, err
	}
	consumer, err := b.js.OrderedConsumer(ctx, b.stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, HeadersOnly: true,
	})
	if err != nil {
		return nil, unavailable(err, false)
	}
	info, err := consumer.Info(ctx)
	if err != nil {
		return nil, unavailable(err, false)
	}
	if info.NumPending == 0 {
		return nil, nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, unavailable(err, false)
	}
	defer messages.Stop()
	stopped := context.AfterFunc(ctx, messages.Stop)
	defer stopped()
	var keys []string
	for {
		m, err := messages.Next()
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}

			return nil, unavailable(err, false)
		}
		h := m.Headers()
		key, ok := decodeKey(strings.TrimPrefix(m.Subject(), b.prefix))
		if ok && strings.HasPrefix(key, prefix) && h.Get(headerDeleted) == "" && h.Get(headerMarker) == "" {
			keys = append(keys, key)
		}
		if meta, err := m.Metadata(); err != nil || meta.NumPending == 0 {
			return keys, nil
		}
	}
}
