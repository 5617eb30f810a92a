package config

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// What becomes of a message that the hook has not decided about.
const (
	HookDeclines = "decline"
	HookAllows   = "allow"
)

// Webhook holds the settings of the server that is asked about messages.
type Webhook struct {
	HookURL     string        // http or https; empty: none is asked
	HookSecret  string        // signs requests: the secret, or file:PATH, which Complete replaces by what the file holds
	HookTimeout time.Duration // of a question; 0: the default
	HookFailure string        // HookDeclines or HookAllows; empty: the default
}

func hookURLSetting() Setting {
	return text("hook_url", "URL", "", "a server that is asked before a message is accepted, and told of users who come and go (http or https)", checkHookURL,
		func(c *Config) *string { return &c.HookURL })
}

func hookSecretSetting() Setting {
	return secret("hook_secret", "signs the requests to hook_url: at least 16 bytes, or file:PATH with such a secret; required with hook_url",
		func(c *Config) *string { return &c.HookSecret })
}

func hookTimeoutSetting() Setting {
	return bounded("hook_timeout", "1s", "how long the server of hook_url has for its answer about a message", checkHookTimeout,
		func(c *Config) *time.Duration { return &c.HookTimeout })
}

func hookFailureSetting() Setting {
	return text("hook_failure", "ACTION", HookDeclines, "what becomes of a message about which hook_url gives no answer: decline or allow",
		oneOf(HookDeclines, HookAllows), func(c *Config) *string { return &c.HookFailure })
}

func checkHookURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is no URL of a server: write http://host/path or https://host/path", text)
	}

	return text, nil
}

const (
	minHookTimeout = 10 * time.Millisecond
	maxHookTimeout = 30 * time.Second
)

func checkHookTimeout(d time.Duration) error {
	if d < minHookTimeout || d > maxHookTimeout {
		return fmt.Errorf("%s is out of bounds: from %s to %s", d, minHookTimeout, maxHookTimeout)
	}

	return nil
}

// checkHook also replaces a secret of the form file:PATH by what the file holds.
func (c *Config) checkHook() error {
	wrong := func(name string, err error) error { return fmt.Errorf("%s: %w", c.Where(name), err) }
	if _, err := checkHookURL(c.HookURL); err != nil {
		return wrong("hook_url", err)
	}
	if err := checkHookTimeout(c.HookTimeout); err != nil {
		return wrong("hook_timeout", err)
	}
	if _, err := oneOf(HookDeclines, HookAllows)(c.HookFailure); err != nil {
		return wrong("hook_failure", err)
	}
	switch {
	case c.HookURL != "" && c.HookSecret == "":
		return fmt.Errorf("%s needs hook_secret: at least %d bytes, with which the other server checks who asks", c.Where("hook_url"), minClusterSecret)
	case c.HookURL == "" && c.HookSecret != "":
		return wrong("hook_secret", errors.New("it has no use without hook_url"))
	case c.HookSecret != "":
		key, err := readSecret(c.HookSecret, "a hook secret")
		if err != nil {
			return wrong("hook_secret", err)
		}
		c.HookSecret = key
	}

	return nil
}
