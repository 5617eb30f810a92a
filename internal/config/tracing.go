package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
)

// Tracing holds the settings of traces.
type Tracing struct {
	OTLP string // base URL of an OTLP receiver (HTTP); empty: none, unless the environment of OpenTelemetry names one
	// TraceRatio is the part of the messages that are traced, up to 1; 0: the default, negative:
	// none.
	TraceRatio float64
}

func otlpSetting() Setting {
	return text("otlp", "URL", "",
		"traces of messages go to this OpenTelemetry receiver (OTLP over HTTP), such as http://127.0.0.1:4318; OTEL_EXPORTER_OTLP_ENDPOINT does the same",
		checkOTLP, func(c *Config) *string { return &c.OTLP })
}

func traceRatioSetting() Setting {
	return Setting{
		Name: "trace_ratio", Kind: Fraction, Value: "PART", Default: "0.01", Help: "part of the messages that are traced, from 0 to 1",
		set: func(c *Config, text string) error {
			ratio, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("%q is no number: write a part from 0 to 1, such as 0.01", text)
			}
			if err := checkRatio(ratio); err != nil {
				return err
			}
			if ratio < 0 {
				return errors.New("it is negative: write a part from 0 to 1, such as 0.01")
			}
			if ratio == 0 {
				ratio = -1
			}
			c.TraceRatio = ratio

			return nil
		},
		empty: func(c *Config) bool { return c.TraceRatio == 0 },
	}
}

// checkRatio takes any negative number, which is none in a Config.
func checkRatio(ratio float64) error {
	if !(ratio <= 1) { // NaN too
		return fmt.Errorf("%v is out of bounds: a part from 0 to 1, such as 0.01", ratio)
	}

	return nil
}

func checkOTLP(text string) (string, error) {
	if text == "" || text == Off {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is no URL of a receiver: write http://host:4318 or https://host:4318", text)
	}
	if u.User != nil { // the log would show it
		return "", errors.New("it has a user name or a password: give what the receiver asks for in OTEL_EXPORTER_OTLP_HEADERS")
	}

	return text, nil
}

func (c *Config) checkTracing() error {
	if _, err := checkOTLP(c.OTLP); err != nil {
		return fmt.Errorf("%s: %w", c.Where("otlp"), err)
	}
	if err := checkRatio(c.TraceRatio); err != nil {
		return fmt.Errorf("%s: %w", c.Where("trace_ratio"), err)
	}

	return nil
}
