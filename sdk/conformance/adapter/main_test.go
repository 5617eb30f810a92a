package adapter

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnAdapterIntroducesItselfAndAnswersEachCommand(t *testing.T) {
	var out bytes.Buffer
	in := `{"id":1,"do":"send","client":"alice"}` + "\n" +
		`{"id":2,"do":"connect","client":"alice","urls":["tcp://127.0.0.1:1"],"tokens":["t"]}` + "\n"
	if err := Serve(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"adapter":"parley-go","transports":["tcp","ws"]}` + "\n", `{"id":1,"error":{"text":"no such client"}}`, `{"id":2,"error":{"text":`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s lacks %s", out.String(), want)
		}
	}
}

func TestALineThatIsNoCommandIsAnError(t *testing.T) {
	if err := Serve(strings.NewReader("dance\n"), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "not a command: dance") {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestOutputThatIsNotReadIsAnError(t *testing.T) {
	if err := Serve(strings.NewReader(""), broken{}); err == nil {
		t.Error("no error")
	}
}
