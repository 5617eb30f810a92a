package chat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// Verdict tells in two or three words what is certain about a message with an error.
func Verdict(err error) string {
	if errors.Is(err, client.ErrNotConnected) || errors.Is(err, client.ErrQueueFull) {
		return "not sent"
	}
	if errors.Is(err, client.ErrTimeout) || errors.Is(err, client.ErrConnectionLost) || errors.Is(err, client.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return "perhaps not delivered"
	}

	return "not delivered"
}

// Outcome tells in one line what became of a message to peer that had no error and was not
// delivered; "" if it was.
func Outcome(result client.Result, peer string) string {
	switch result {
	case client.Declined:
		return "declined: the server refused it on behalf of " + oneLine([]byte(peer))
	case client.Dropped:
		return "dropped: the server did not pass it on to " + oneLine([]byte(peer))
	case client.Delivered:
	}

	return ""
}

// Explain says in one line what an error of the client means for a user with a conversation with
// peer at url.
func Explain(err error, peer, url string) string {
	peer = Readable([]byte(peer))
	switch {
	case errors.Is(err, client.ErrUserNotFound):
		return peer + " is not connected"
	case errors.Is(err, client.ErrNotConnected) && !sentAway(err):
		return "there is no connection to " + url
	case errors.Is(err, client.ErrQueueFull):
		return "too many messages wait for the connection to " + url
	case errors.Is(err, client.ErrTimeout):
		return "no answer in time: whether it reached " + peer + " is unknown"
	case errors.Is(err, client.ErrConnectionLost):
		return "the connection broke on the way: whether it reached " + peer + " is unknown"
	case errors.Is(err, client.ErrRecipientBusy):
		return peer + " takes messages too slowly: try again in a moment"
	case errors.Is(err, client.ErrMessageNil):
		return "an empty message is not sent"
	case errors.Is(err, client.ErrNodesNotFound):
		return "the server has lost its cluster: try again in a moment"
	case errors.Is(err, client.ErrUnknownCommand):
		return "the server does not offer direct messages to clients (it has not called dm.ExposeCommands)"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer from " + url + " in time"
	case errors.Is(err, client.ErrClosed):
		return "the connection is closed"
	}
	if bye, ok := errors.AsType[*client.GoodbyeError](err); ok {
		return goodbye(bye, url)
	}
	if text := unreachable(err, url); text != "" {
		return text
	}

	return strings.Join(strings.Fields(Readable([]byte(err.Error()))), " ")
}

func sentAway(err error) bool {
	_, ok := errors.AsType[*client.GoodbyeError](err)

	return ok
}

func goodbye(bye *client.GoodbyeError, url string) string {
	text := oneLine([]byte(bye.Text))
	switch bye.Code {
	case wire.GoodbyeBadToken:
		return fmt.Sprintf("%s refused the token (%s): give one with --token, or the server's key with --auth-key", url, text)
	case wire.GoodbyeReplaced:
		return "logged in elsewhere: only the newest session of a user lives"
	case wire.GoodbyeStopping:
		if reason := wire.ParseReason([]byte(bye.Text)); reason != "" {
			return url + ": " + oneLine([]byte(reason))
		}

		return url + " is stopping"
	default:
		return fmt.Sprintf("%s ended the connection: %s", url, oneLine([]byte(bye.Error())))
	}
}

// unreachable explains why no connection came about, "" if that is not what err says.
func unreachable(err error, url string) string {
	if wrong, ok := errors.AsType[*client.SchemeError](err); ok {
		return wrong.Error()
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("%s cannot be trusted (%s): give its authority's certificate with --tls-ca", url, unknown)
	}
	if verify, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("%s cannot be trusted: %s", url, verify.Err)
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return fmt.Sprintf("no server at %s (%s): start one with `parley serve`, or name another with --url", url, failed.Err)
	}

	return ""
}
