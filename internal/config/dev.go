package config

import "fmt"

func devSetting() Setting {
	return Setting{
		Name: "dev", Kind: Switch, Default: "false",
		Help: "show the demo page at / of http, for this machine only: who opens it logs in as any user; not with auth_key or otlp",
		set: func(c *Config, text string) (err error) {
			c.Dev, err = parseSwitch(text)

			return err
		},
	}
}

// checkDev refuses a demo page that gives tokens to others than the users of this machine, and one
// that would have nothing to show.
func (c *Config) checkDev() error {
	switch where := c.Where("dev"); {
	case !c.Dev:
		return nil
	case c.HTTP == Off:
		return fmt.Errorf("%s shows a page on http, which is off: open it", where)
	case reachable(c.HTTP):
		return fmt.Errorf("%s lets those who reach %s log in as any user: listen on 127.0.0.1", where, c.HTTP)
	case len(c.Keys()) > 0:
		return fmt.Errorf("%s logs users in with the development key: it does not go with auth_key or auth_keys", where)
	case c.OTLP != "":
		return fmt.Errorf("%s shows the traces of messages on its page: it does not go with otlp", where)
	}

	return nil
}
