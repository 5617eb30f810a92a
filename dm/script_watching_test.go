package dm_test

import (
	"fmt"
	"time"

	"github.com/parley-dm/parley/dm"
)

// watching are the commands that let time pass and look at what there is.
func (s *story) watching() map[string]func(words) error {
	return map[string]func(words) error{
		"mend": func(words) error {
			s.mend()

			return nil
		},
		"wait": func(w words) error {
			d, err := time.ParseDuration(w.at(1))
			rest(d)

			return err
		},
		"settle": func(words) error {
			rest(8 * time.Second)

			return nil
		},
		"idle": func(words) error {
			rest(s.settings.ChannelIdleTimeout + 2*time.Second)

			return nil
		},
		"callbacks": func(words) error {
			s.loud = true

			return nil
		},
		"channels": func(words) error {
			rest(paragraph)
			for _, id := range s.users() {
				x := s.live(id)
				if x == nil {
					continue
				}
				text := x.channels()
				if text == "" {
					text = "nobody"
				}
				s.notef(x.label, 2, 0, "%s has channels with %s", x.label, text)
			}

			return nil
		},
		"holdings": func(words) error {
			rest(paragraph)
			for _, nd := range s.nodes {
				if nd.crashed.Load() {
					continue
				}
				h := nd.dm.Holds()
				s.notef(nd.name, 3, 0, "%s holds %d sessions, %d channels, %d lookups, %d messages of %d bytes; %d users are claimed there",
					nd.name, h.Sessions, h.Channels, h.Lookups, h.Items, h.Bytes, nd.entries())
			}

			return nil
		},
	}
}

// remains returns a function that tells whether anything is left of what the node's sessions of now
// hold.
func (nd *node) remains() func() error {
	f := nd.dm.Remains()

	return func() error {
		if h := f(); h != (dm.Holdings{}) && !nd.crashed.Load() {
			return fmt.Errorf("%s: sessions that have gone still hold %+v", nd.name, h)
		}

		return nil
	}
}
