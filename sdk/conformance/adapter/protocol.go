package adapter

// Features that a client may have or not. Scripts that need one are left out for a client without.
const (
	// FeatureQueue: requests made one after another without waiting are sent in that order, also
	// those that wait for a connection.
	FeatureQueue = "queue"
	// FeatureFreshToken: a token that a server refused (2001) is replaced once by a fresh one.
	FeatureFreshToken = "fresh_token"
)

// Transports that a client may speak.
const (
	TransportTCP = "tcp"
	TransportWS  = "ws"
)

// Hello is an adapter's first line.
type Hello struct {
	Adapter    string   `json:"adapter"`    // the client's name
	Transports []string `json:"transports"` // those that the suite is to be run with
	Features   []string `json:"features,omitempty"`
}

// What a command does.
const (
	DoConnect        = "connect"         // URLs, Tokens; the reply has Node
	DoSend           = "send"            // To, Data; the reply has Result
	DoConnectPeer    = "connect_peer"    // To; the reply has Result
	DoDisconnectPeer = "disconnect_peer" // To, Data
	DoRequest        = "request"         // Ver, Cmd, Data; the reply has Data
	DoClose          = "close"
)

// Command is a line from the suite.
type Command struct {
	ID     int      `json:"id"`
	Do     string   `json:"do"`
	Client string   `json:"client"`
	URLs   []string `json:"urls,omitempty"`   // to be tried in turn
	Tokens []string `json:"tokens,omitempty"` // one for each time that the client asks; the last one then stays
	To     string   `json:"to,omitempty"`
	Ver    uint8    `json:"ver,omitempty"`
	Cmd    uint16   `json:"cmd,omitempty"`
	Data   []byte   `json:"data,omitempty"` // base64
	WaitMS int      `json:"wait_ms,omitempty"`
}

// Reply is the line that answers a command.
type Reply struct {
	ID     int      `json:"id"`
	Node   string   `json:"node,omitempty"`
	Result string   `json:"result,omitempty"` // delivered, declined, dropped
	Data   []byte   `json:"data,omitempty"`
	Error  *Failure `json:"error,omitempty"`
}

// Outcomes of a request that failed.
const (
	NotSent = "not_sent" // it has not left, certainly
	Failed  = "failed"   // the server has answered
	Unknown = "unknown"  // it was sent, and there was no answer, or 5001
)

// Failure says why a command failed.
type Failure struct {
	Outcome string `json:"outcome,omitempty"` // of a request
	Code    int    `json:"code,omitempty"`    // the protocol's, such as 5004
	Status  int    `json:"status,omitempty"`  // of a response with bytes of the application's own
	Data    []byte `json:"data,omitempty"`    // and those bytes
	Goodbye int    `json:"goodbye,omitempty"` // that ended a connect
	Text    string `json:"text,omitempty"`    // for people
}

// Kinds of events.
const (
	EventMessage        = "message"         // From, Data
	EventPush           = "push"            // Ver, Cmd, Data
	EventPeerDisconnect = "peer_disconnect" // From, Data
	EventState          = "state"           // State; Goodbye if that closed the client
)

// Event is a line about something that no command asked for.
type Event struct {
	Event   string `json:"event"`
	Client  string `json:"client"`
	From    string `json:"from,omitempty"`
	Ver     uint8  `json:"ver,omitempty"`
	Cmd     uint16 `json:"cmd,omitempty"`
	Data    []byte `json:"data,omitempty"`
	State   string `json:"state,omitempty"` // connected, reconnecting, closed: changes after connect
	Goodbye int    `json:"goodbye,omitempty"`
}
