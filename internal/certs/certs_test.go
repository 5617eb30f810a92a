package certs_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/certs"
)

func TestARenewedCertificateIsUsedAndABadOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var mu sync.Mutex
		next, fail := "first", error(nil)
		set := func(name string, err error) {
			mu.Lock()
			defer mu.Unlock()
			next, fail = name, err
		}
		bad := errors.New("they do not belong together")
		c, err := certs.Open(func() (*tls.Certificate, error) {
			mu.Lock()
			defer mu.Unlock()

			return &tls.Certificate{Certificate: [][]byte{[]byte(next)}}, fail
		}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		get := c.Config().GetCertificate
		want := func(name string) {
			t.Helper()
			cert, err := get(nil)
			if err != nil || string(cert.Certificate[0]) != name {
				t.Errorf("%s, %v; want %s", cert.Certificate[0], err, name)
			}
		}
		want("first")
		set("second", nil)
		time.Sleep(certs.Interval + time.Second)
		synctest.Wait()
		want("second")
		set("bad", bad)
		time.Sleep(5 * certs.Interval)
		synctest.Wait()
		want("second")
		if n := strings.Count(log.String(), "do not belong together"); n != 1 {
			t.Errorf("%d lines of the bad pair: %s", n, log.String())
		}
		if err := c.Reload(); !errors.Is(err, bad) {
			t.Errorf("Reload: %v", err)
		}
		set("third", nil)
		if err := c.Reload(); err != nil {
			t.Error(err)
		}
		want("third")
		if n := strings.Count(log.String(), "was read again"); n != 2 {
			t.Errorf("%d lines of new ones: %s", n, log.String())
		}
	})
}

func TestWithoutACertificateNothingOpens(t *testing.T) {
	none := errors.New("none")
	if _, err := certs.Open(func() (*tls.Certificate, error) { return nil, none }, slog.Default()); !errors.Is(err, none) {
		t.Error(err)
	}
}
