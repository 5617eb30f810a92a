package demopage

import (
	"bytes"
	"encoding/json"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// The command with which a user sets the rules for what it receives. Its payload is a JSON object,
// as of [Rules].
const (
	RulesVer uint8  = 255
	RulesCmd uint16 = 1
)

// Rules are what the application on the nodes does with messages for a user. They are kept with the
// user's session: a new session has none.
type Rules struct {
	Decline bool `json:"decline"` // decline every message
	Rewrite bool `json:"rewrite"` // put the message into capital letters
}

// rulesKey is where the rules are kept in a user's data.
const rulesKey = "parley.demo.rules"

// HandleRules is the handler of the command.
func HandleRules(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
	var r Rules
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		text := `send {"decline": false, "rewrite": false}: ` + err.Error()
		u.ServerRespond(wire.AppendErrorData(nil, wire.CodeMalformed, text), ver, cmd, uint8(wire.StatusBad), true)
	} else {
		u.Set(rulesKey, r)
		u.ServerRespond(nil, ver, cmd, uint8(wire.StatusOK), true)
	}
	next(nil)
}

// Attach makes the module's node follow the rules. It must be called before the node starts.
func Attach(m *dm.Module) {
	m.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, _ string, receiver *user.User) bool {
		return !rulesOf(receiver).Decline
	})
	m.SetOnMessage(func(_ uint8, _ uint16, message []byte, _ string, receiver *user.User) []byte {
		if !rulesOf(receiver).Rewrite {
			return nil
		}

		return bytes.ToUpper(message)
	})
}

func rulesOf(u *user.User) Rules {
	r, _ := u.Get(rulesKey).(Rules)

	return r
}
