package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	maxJWKS      = 256 << 10 // bytes of a JWKS file or response
	fetchTime    = 10 * time.Second
	maxRedirects = 3
)

// source is one place that keys come from. Guarded by Keyring.mu.
type source struct {
	name   string // for logs and errors; nothing secret
	load   func(context.Context) ([]Key, error)
	remote bool
	keys   []Key  // of the last load without error
	failed string // the last load's error, "" if there was none
}

// newSource reads one key of the settings: a secret, file:PATH, jwks:PATH or the URL of a JWKS.
func newSource(spec string, client *http.Client) (*source, error) {
	spec = strings.TrimSpace(spec)
	path, isJWKS := strings.CutPrefix(spec, jwksPrefix)
	switch {
	case isJWKS && path == "":
		return nil, fmt.Errorf("%w: jwks: has no path; want jwks:PATH", ErrKey)
	case isJWKS:
		return &source{name: spec, load: fileLoader(path, maxJWKS, func(content []byte) ([]Key, error) {
			keys, err := parseJWKS(content)
			if err != nil {
				return nil, fmt.Errorf("%w: the JWKS %q: %w; want public keys", ErrKey, path, err)
			}

			return keys, nil
		})}, nil
	case hasPrefixFold(spec, "https://") || hasPrefixFold(spec, "http://"):
		return urlSource(spec, client)
	}
	if path, isFile := strings.CutPrefix(spec, filePrefix); isFile && path != "" {
		return &source{name: spec, load: fileLoader(path, maxKeyFile, func(content []byte) ([]Key, error) {
			key, err := parseContent(path, content)

			return []Key{key}, err
		})}, nil
	}
	key, err := ParseKey(spec)
	if err != nil {
		return nil, err
	}

	return &source{name: "the secret", load: func(context.Context) ([]Key, error) { return []Key{key}, nil }}, nil
}

// fileLoader parses the file again only if its content has changed. It keeps a hash, not the
// content. A pipe is read once: a second reading could block for ever.
func fileLoader(path string, limit int64, parse func([]byte) ([]Key, error)) func(context.Context) ([]Key, error) {
	var (
		last [sha256.Size]byte
		keys []Key
	)

	return func(context.Context) ([]Key, error) {
		if info, err := os.Stat(path); keys != nil && err == nil && !info.Mode().IsRegular() {
			return keys, nil
		}
		content, err := readFile(path, limit)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		if keys != nil && sum == last {
			return keys, nil
		}
		parsed, err := parse(content)
		if err != nil {
			return nil, err
		}
		keys, last = parsed, sum

		return keys, nil
	}
}

func urlSource(spec string, client *http.Client) (*source, error) {
	u, err := url.Parse(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: the URL of the JWKS does not parse; want https://HOST/PATH", ErrKey)
	}
	if err := checkURL(u); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() // a query may be secret

	return &source{name: name, remote: true, load: func(ctx context.Context) ([]Key, error) {
		keys, err := fetch(ctx, client, u.String())
		if err != nil {
			return nil, fmt.Errorf("%w: the JWKS at %s: %w", ErrKey, name, err)
		}

		return keys, nil
	}}, nil
}

// checkURL refuses URLs over which another machine could hand out keys of its own.
func checkURL(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return errors.New("the URL of a JWKS has a host, and neither a user nor a fragment; want https://HOST/PATH")
	case u.Scheme == "https":
		return nil
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && err == nil && ip.IsLoopback() {
		return nil
	}

	return errors.New("the URL of a JWKS must be https, or http with a loopback IP address; want https://HOST/PATH")
}

// newClient makes the HTTP client of a Keyring. Its connections are closed after each response: the
// next fetch is minutes away.
func newClient() *http.Client {
	return &http.Client{
		Timeout: fetchTime,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: fetchTime}).DialContext,
			TLSHandshakeTimeout:    fetchTime,
			ResponseHeaderTimeout:  fetchTime,
			MaxResponseHeaderBytes: maxKeyFile,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      false,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}

			return checkURL(r.URL)
		},
	}
}

func fetch(ctx context.Context, client *http.Client, address string) ([]Key, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the URL is not usable")
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok { // its text has the whole URL
			err = wrapped.Err
		}

		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d; want 200", response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxJWKS+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxJWKS:
		return nil, fmt.Errorf("longer than %d bytes", maxJWKS)
	}

	return parseJWKS(content)
}
