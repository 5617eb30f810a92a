// Package webhook puts a [hook.Hook] in the way of a node's messages: another server is asked
// before each is accepted, ahead of the program's own callbacks, and told of users who come and go.
// Package hook is the conversation with that server.
package webhook
