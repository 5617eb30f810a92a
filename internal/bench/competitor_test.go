package bench

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stubCompetitors starts a stub of each kind and returns the peers that it is the two nodes of.
func stubCompetitors(t *testing.T) []Competitor {
	t.Helper()
	mqtt, xmpp, centrifugo := stubMQTT(t, 0), stubXMPP(t), stubCentrifugo(t)
	competitors, err := ParseCompetitors([]string{
		fmt.Sprintf("mqtt=%s,%s", mqtt, mqtt),
		fmt.Sprintf("xmpp=example@%s,%s", xmpp, xmpp),
		fmt.Sprintf("centrifugo=ws://%s,ws://%s%s", centrifugo, centrifugo, centrifugoPath),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}

	return competitors
}

func TestEveryPingThroughACompetitorHasItsEcho(t *testing.T) {
	for _, p := range stubCompetitors(t) {
		sys := p.system()
		if err := sys.checkRoutes(t.Context(), patience); err != nil {
			t.Fatal(err)
		}
		for _, load := range []Load{quick(1), quick(20), {Pairs: 2, Size: 5000, Duration: 100 * time.Millisecond, Patience: patience}} {
			trips, err := (&Setup{}).pingpong(t.Context(), sys, load)
			if err != nil {
				t.Fatalf("%s: %v", sys.name, err)
			}
			plausible(t, trips.RoundTrip)
		}
	}
}

func TestAMeasurementWaitsUntilMessagesGetThrough(t *testing.T) {
	sys := &system{name: "MQTT", proto: mqttProtocol{run: "r"}, addrs: []string{stubMQTT(t, 1)}}
	trips, err := (&Setup{}).pingpong(t.Context(), sys, Load{Pairs: 3, Size: 64, Duration: 20 * time.Millisecond, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	plausible(t, trips.RoundTrip)
}

func TestCompetitorsHaveColumnsOfTheirOwn(t *testing.T) {
	competitors := stubCompetitors(t)
	floor := relaysHere(t)
	competitors[0].addrs = competitors[0].addrs[:1]
	if canMeasure {
		competitors[2].pids = []int{os.Getpid()}
		floor.pids = competitors[2].pids
	}
	s := &Setup{IdleTime: 20 * time.Millisecond}
	m := CompareOptions{Rounds: 1, Pairs: 3, Size: 64, Duration: 50 * time.Millisecond, Competitors: competitors, Users: 20, Settle: time.Millisecond}
	all := []*Contender{{Name: machineFloorName, Nodes: 2, system: floor}, {Name: goFloorName, Nodes: 2, system: floor}, {Name: "Parley", Nodes: 2, system: floor}}
	for _, p := range competitors {
		sys := p.system()
		all = append(all, &Contender{Name: sys.name, Nodes: len(sys.addrs), system: sys})
	}
	if err := s.measureIdleCompetitors(t.Context(), all, m); err != nil {
		t.Fatal(err)
	}
	one, many, err := m.check()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.runRounds(t.Context(), all, m, []Load{one, many}); err != nil {
		t.Fatal(err)
	}
	c := &Comparison{Rounds: m.Rounds, Floors: 2}
	for _, one := range all {
		one.aggregate(all[0], all[1])
		c.Contenders = append(c.Contenders, *one)
		if one.P50 <= 0 || one.P50 > one.P99 || one.PerSecond <= 0 || one.LoadP99 <= 0 || one.Ratios.P50 <= 0 || one.GoRatios.P50 <= 0 {
			t.Errorf("%+v", one)
		}
	}
	var text, chart strings.Builder
	r := c.report(s, m)
	r.Text(&text)
	if err := r.Chart.SVG(&chart); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  Parley  MQTT, one node ", "XMPP", "Centrifugo", "(one node, which both", "(2 nodes, a pair's", " that of the machine floor\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &text)
		}
	}
	if canMeasure && !strings.Contains(text.String(), "× (PID "+strconv.Itoa(os.Getpid())+")") {
		t.Errorf("no CPU time in\n%s", &text)
	}
	if !strings.Contains(chart.String(), chartColours["MQTT"]) || !strings.Contains(chart.String(), "messages/s") {
		t.Errorf("no bars of peers in\n%s", &chart)
	}
}

// scriptedServer is a server that answers whatever arrives with one text after another, and then is
// silent.
func scriptedServer(t *testing.T, answers ...string) string {
	t.Helper()

	return listen(t, func(conn net.Conn) {
		buf := make([]byte, 4096)
		for _, answer := range answers {
			if _, err := conn.Read(buf); err != nil {
				return
			}
			_, _ = conn.Write([]byte(answer))
		}
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	})
}

const upgraded = "HTTP/1.1 101 Switching Protocols\r\n\r\n"

func TestACompetitorThatRefusesIsQuoted(t *testing.T) {
	features := func(mechanisms string) string {
		return streamHead + "<stream:features>" + mechanisms + "</stream:features>"
	}
	anonymous := features("<mechanisms><mechanism>ANONYMOUS</mechanism></mechanisms>")
	const welcome = "\x81\x0f{\"id\":1,\"c\":{}}"
	for _, c := range []struct {
		kind, want string
		answers    []string
	}{
		{"mqtt=", "MQTT, one node: login at 127.0.0.1:", []string{"hello"}},
		{"mqtt=", "the MQTT broker refuses: 5, not authorized", []string{"\x20\x02\x00\x05"}},
		{"mqtt=", errMQTT.Error(), []string{"\x20\x01\x00"}},
		{"mqtt=", errMQTT.Error(), []string{"\x20\x02\x00\x00", "\x20\x02\x00\x00"}},
		{"mqtt=", "refuses a subscription to parley/bench/", []string{"\x20\x02\x00\x00", "\x90\x03\x00\x01\x80"}},
		{"mqtt=", "may users send messages to each other?", []string{"\x20\x02\x00\x00", "\x90\x03\x00\x01\x00"}},
		{"xmpp=", "XMPP, one node: login at 127.0.0.1:", []string{"hello"}},
		{"xmpp=", "says <stream:error><host-unknown/>", []string{streamHead + "<stream:error><host-unknown/></stream:error>"}},
		{"xmpp=", "localhost does not offer SASL ANONYMOUS", []string{features("<mechanisms><mechanism>PLAIN</mechanism></mechanisms>")}},
		{"xmpp=", "localhost wants TLS", []string{features("<starttls><required/></starttls>")}},
		{"xmpp=", "says <failure><not-authorized/>", []string{anonymous, "<failure><not-authorized/></failure>"}},
		{"xmpp=", "says <iq type='error'>", []string{anonymous, "<success/>", features("<bind/>"), "<iq type='error'><error/></iq>"}},
		{"centrifugo=ws://", `Centrifugo, one node: login at 127.0.0.1:`, []string{"HTTP/1.1 404 Not Found\r\n\r\n"}},
		{"centrifugo=ws://", "closes the WebSocket connection: 3501 bad request", []string{upgraded, "\x88\x0d\x0d\xadbad request"}},
		{"centrifugo=ws://", `says {"id":2,"error":{"code":103}}`, []string{upgraded, welcome, "\x81\x1d{\"id\":2,\"error\":{\"code\":103}}"}},
		{"centrifugo=ws://", `says {"id":3,"error":{"code":103}}`, []string{upgraded, welcome, welcome, "\x81\x1d{\"id\":3,\"error\":{\"code\":103}}"}},
	} {
		competitors, err := ParseCompetitors([]string{c.kind + scriptedServer(t, c.answers...)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = competitors[0].system().checkRoutes(t.Context(), 100*time.Millisecond)
		wantError(t, err, c.want)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %v", err)
		}
	}
}

func TestMistakesInCompetitorsAreNamed(t *testing.T) {
	const gone = 1 << 30 // more than there are numbers for processes
	for _, c := range []struct {
		peer, pid, want string
	}{
		{"nats=h:1", "", "--competitor nats=h:1: write centrifugo=ws://host:port,ws://host:port, mqtt="},
		{"mqtt", "", "--competitor mqtt: write mqtt=host:port,host:port, or one address alone"},
		{"mqtt=h", "", "--competitor mqtt=h: write mqtt="},
		{"mqtt=h:0", "", "write mqtt="},
		{"mqtt=h:65536", "", "write mqtt="},
		{"mqtt=h:1,", "", "write mqtt="},
		{"mqtt=:1", "", "write mqtt="},
		{"xmpp=@h:1", "", "write xmpp=[domain@]host:port"},
		{"xmpp=a'b@h:1", "", "write xmpp="},
		{"centrifugo=h:1", "", "write centrifugo="},
		{"centrifugo=wss://h:1", "", "write centrifugo="},
		{"centrifugo=ws://h", "", "write centrifugo="},
		{"centrifugo=ws://h:1,ws://h:2/other", "", "write centrifugo="},
		{"mqtt=h:1", "xmpp=1", "--competitor-pid xmpp=1: write KIND=PID,PID"},
		{"mqtt=h:1", "mqtt=", "--competitor-pid mqtt=: write mqtt=PID,PID"},
		{"mqtt=h:1", "mqtt=1,-2", "--competitor-pid mqtt=1,-2: write mqtt=PID,PID"},
	} {
		var pids []string
		if c.pid != "" {
			pids = []string{c.pid}
		}
		_, err := ParseCompetitors([]string{c.peer}, pids)
		wantError(t, err, c.want)
	}
	_, err := ParseCompetitors([]string{"mqtt=h:1", "mqtt=h:2"}, nil)
	wantError(t, err, "--competitor mqtt=h:2: its kind was given already")
	if runtime.GOOS == "linux" {
		_, err = ParseCompetitors([]string{"mqtt=h:1"}, []string{"mqtt=" + strconv.Itoa(gone)})
		wantError(t, err, "there is no process "+strconv.Itoa(gone))
	}
	competitors, err := ParseCompetitors([]string{"centrifugo=ws://h:1,ws://i:2/", "xmpp=d@h:1"}, nil)
	if err != nil || strings.Join(competitors[0].addrs, " ") != "h:1 i:2" || competitors[0].proto.(centrifugoProtocol).path != centrifugoPath ||
		competitors[1].proto.(xmppProtocol).domain != "d" {
		t.Errorf("%+v, %v", competitors, err)
	}
}
