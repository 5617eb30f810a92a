package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// AllOrigins allows WebSockets of pages of every origin.
const AllOrigins = "*"

// doorSettings are the rows of the table that bound what clients can do before they are logged in.
func doorSettings() []Setting {
	return []Setting{
		{
			Name: "origin", Kind: List, Value: "URL,…",
			Help: "origins of pages that may open WebSockets, such as https://app.example; * is all (default: the node's own host)",
			set: func(c *Config, text string) error {
				c.AllowedOrigins = splitList(text)

				return checkOrigins(c.AllowedOrigins)
			},
		},
		{
			Name: "trusted_proxies", Kind: List, Value: "ADDR,…",
			Help: "addresses or networks (10.0.0.0/8) of proxies: PROXY protocol v2 and X-Forwarded-For of these say where clients are",
			set: func(c *Config, text string) error {
				c.TrustedProxies = splitList(text)
				_, err := parseProxies(c.TrustedProxies)

				return err
			},
		},
		whole("max_pending", "8192", "connections that have not logged in, in all; 0: no limit", func(c *Config) *int { return &c.MaxPending }),
		whole("address_pending", "100", "connections of one address that have not logged in; 0: no limit", func(c *Config) *int { return &c.AddressPending }),
		whole("address_open", "1000", "sessions of one address; 0: no limit", func(c *Config) *int { return &c.AddressOpen }),
		whole("address_logins", "100", "logins a second of one address, beyond a burst of ten seconds' worth; 0: no limit",
			func(c *Config) *int { return &c.AddressLogins }),
		whole("user_logins", "5", "logins of one user in a row before each further one is delayed, more each time; 0: none is delayed",
			func(c *Config) *int { return &c.UserLogins }),
	}
}

// Proxies are the trusted proxies as networks. They have been checked.
func (c *Config) Proxies() []netip.Prefix {
	proxies, _ := parseProxies(c.TrustedProxies)

	return proxies
}

func (c *Config) checkDoor() error {
	if err := checkOrigins(c.AllowedOrigins); err != nil {
		return fmt.Errorf("%s: %w", c.Where("origin"), err)
	}
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("%s: %w", c.Where("trusted_proxies"), err)
	}

	return nil
}

func parseProxies(list []string) ([]netip.Prefix, error) {
	proxies := make([]netip.Prefix, 0, len(list))
	for _, text := range list {
		if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
			proxies = append(proxies, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))

			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an IP address nor a network: write 10.0.0.1 or 10.0.0.0/8", text)
		}
		proxies = append(proxies, network.Masked())
	}

	return proxies, nil
}

// checkOrigins accepts what browsers send as Origin: scheme, host, and a port that is not the
// scheme's own.
func checkOrigins(list []string) error {
	for _, origin := range list {
		u, err := url.Parse(origin)
		switch {
		case origin == AllOrigins || origin == "null":
		case err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("%q is no origin: write https://app.example, with a port if it is not the usual one, or *", origin)
		}
	}

	return nil
}
