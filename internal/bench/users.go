package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	loginTimeout        = 20 * time.Second
	maxConcurrentLogins = 64
)

// dial logs a user in at one of the servers.
func (s *system) dial(ctx context.Context, server int, user uint32) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	var d net.Dialer
	if host, _, err := net.SplitHostPort(s.addrs[server]); err == nil && net.ParseIP(host).IsLoopback() {
		d.LocalAddr, d.Control = s.sourceOf(user), portAtConnect
	}
	raw, err := d.DialContext(ctx, "tcp", s.addrs[server])
	if err != nil {
		return nil, dialHint(err)
	}
	c := &conn{raw: raw, protocol: s.proto, user: user}
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	err = s.proto.login(c, user)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.close()

		return nil, fmt.Errorf("login at %s: %w", s.addrs[server], err)
	}

	return c, nil
}

func (s *system) sourceOf(user uint32) net.Addr {
	if s.localAddr != nil {
		return s.localAddr(user)
	}

	return sourceAddr(user)
}

// dialHint adds a remedy to the errors of too many open files and of no free ports.
func dialHint(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w: raise the limit of open files (ulimit -n), or ask for fewer users", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: no more connections go from this address to that one, ask for fewer users", err)
	}

	return err
}

// loginUsers logs users 0 to n-1 in, several at once; where says at which server each connects.
// Every login is told to each, if that is not nil, from several goroutines at once.
func (s *system) loginUsers(ctx context.Context, n int, where func(i int) int, each func(took time.Duration)) ([]*conn, error) {
	return s.loginRange(ctx, 0, n, where, each)
}

// loginRange is crowd with users first to first+n-1.
func (s *system) loginRange(ctx context.Context, first, n int, where func(i int) int, each func(took time.Duration)) ([]*conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	conns := make([]*conn, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(cmp.Or(s.loginsAtOnce, maxConcurrentLogins), n) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				begin := time.Now()
				c, err := s.dial(ctx, where(first+i), uint32(first+i))
				if err != nil {
					cancel(err)

					return
				}
				if each != nil {
					each(time.Since(begin))
				}
				conns[i] = c
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		closeConns(conns)

		return nil, err
	}

	return conns, nil
}

func closeConns(conns []*conn) {
	for _, c := range conns {
		if c != nil {
			c.close()
		}
	}
}
