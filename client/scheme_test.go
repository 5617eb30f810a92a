package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// strict is a server as real ones are: bytes that are no hello get a goodbye.
func strict(p *peer) {
	f, err := p.read()
	if err != nil || f.Kind != wire.KindHello {
		p.send(farewell(wire.GoodbyeProtocol, "no hello"))

		return
	}
	p.send(wire.Frame{Kind: wire.KindWelcome, Payload: defaultWelcome.Append(nil)})
	p.obey()
}

func TestAWrongSchemeSaysWhichIsRight(t *testing.T) {
	for _, listens := range transports {
		f := serve(t, listens, strict)
		_, host, _ := strings.Cut(f.url, "://")
		right := f.url
		if listens == "ws" || listens == "wss" {
			right += "/ws"
		}
		for _, scheme := range transports {
			if scheme == listens {
				continue
			}
			opts := []client.Option{client.WithToken("secret")}
			if scheme == "tls" || scheme == "wss" {
				opts = append(opts, f.dialer)
			}
			_, err := client.Dial(t.Context(), scheme+"://"+host, opts...)
			wrong, ok := errors.AsType[*client.SchemeError](err)
			if !ok || wrong.Right != right || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s at a %s port: %v, want %s", scheme, listens, err, right)
			}
		}
	}
}
