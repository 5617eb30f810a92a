package wire

import "strconv"

// Code says in a response why a request failed. 4000 to 4999 blame the request, 5000 to 5999 do
// not.
type Code uint16

// The codes of the engine.
const (
	CodeMalformed      Code = 4001 // the payload does not parse
	CodeUnknownCommand Code = 4002 // no handler for this ver and cmd
	CodeNotAllowed     Code = 4003 // a handler of the server's program says that this user may not
	CodeRateLimit      Code = 4004 // too many tokens in a row, or too many requests in the eyes of a handler
	CodeBadToken       Code = 4005 // the new token of command 703 is not accepted

	CodeTimeout       Code = 5001 // no answer in time: the outcome is unknown
	CodeMessageNil    Code = 5002 // an empty message is not sent
	CodeNodesNotFound Code = 5003 // the server is cut off from its cluster
	CodeUserNotFound  Code = 5004 // the user is not connected anywhere
	CodeTooLarge      Code = 5005 // the message is over max_message
	CodeRecipientBusy Code = 5006 // the recipient's connection has a full queue
	CodeOverloaded    Code = 5007 // a queue of the server is full
	CodeInternal      Code = 5008 // something broke; the server's log has it
)

// String is the code in words.
func (c Code) String() string {
	switch c {
	case CodeMalformed:
		return "malformed request"
	case CodeUnknownCommand:
		return "unknown command"
	case CodeNotAllowed:
		return "not allowed"
	case CodeRateLimit:
		return "rate limit"
	case CodeBadToken:
		return "bad token"
	case CodeTimeout:
		return "timeout"
	case CodeMessageNil:
		return "message nil"
	case CodeNodesNotFound:
		return "nodes not found"
	case CodeUserNotFound:
		return "user not found"
	case CodeTooLarge:
		return "message too large"
	case CodeRecipientBusy:
		return "recipient busy"
	case CodeOverloaded:
		return "overloaded"
	case CodeInternal:
		return "internal error"
	}

	return unknown("code", uint16(c))
}

// Status is the status that a response with this code has.
func (c Code) Status() Status {
	if c >= 4000 && c < 5000 {
		return StatusBad
	}

	return StatusError
}

func unknown(what string, n uint16) string { return what + " " + strconv.Itoa(int(n)) }
