package dm_test

import "testing"

func TestCommandsOfTheClientSendConnectAndDisconnect(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		peer := func(id, rest string) string { return string(rune(len(id))) + id + rest }
		alice.command(1, 702, peer("bob", ""))
		alice.hears("re 1 1.702 status 1 delivered")
		alice.has("bob@n2")
		alice.command(2, 701, peer("bob", "hi"))
		alice.hears("re 2 1.701 status 1 delivered")
		alice.command(0, 701, peer("bob", "no answer wanted"))
		alice.command(3, 700, peer("bob", "bye"))
		alice.hears("re 3 1.700 status 1")
		bob.hears("1.701 alice: hi", "1.701 alice: no answer wanted", "1.700 alice: bye")
		alice.has("")
		bob.has("")
		for text, want := range map[string]string{
			"":                             "4001",
			"\x00hi":                       "4001",
			"\x09bob":                      "4001",
			"\x03b\x01bhi":                 "4001",
			peer("bob", ""):                "5002",
			peer("nobody", "hi"):           "5004",
			peer("bob", string(tooLarge)):  "5005",
			peer("\xff\xfe", "not a name"): "4001",
		} {
			alice.command(7, 701, text)
			alice.hears("re 7 1.701 status " + want[:1] + " " + want)
		}
		alice.command(8, 700, "")
		alice.hears("re 8 1.700 status 4 4001")
		alice.command(9, 700, peer("nobody", ""))
		alice.hears("re 9 1.700 status 1")
		alice.command(10, 799, "")
		alice.hears("re 10 1.799 status 4 4002")
	})
}

var tooLarge = make([]byte, 65537)

// command gives a client's command to the router of its node.
func (p *person) command(id uint32, cmd uint16, payload string) {
	p.node.router.Dispatch(&p.line, request(p.u, id, cmd, []byte(payload)))
}
