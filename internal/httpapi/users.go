package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/parley-dm/parley/wire"
)

func (a *api) getUser(w http.ResponseWriter, r *http.Request) {
	if !onlyParameters(w, r) {
		return
	}
	id := r.PathValue("id")
	users, err := a.backend.Users(r.Context(), []string{id})
	if err == nil && !users[0].Online {
		err = FromCode(wire.CodeUserNotFound, fmt.Sprintf("%q is not connected to any node", id))
	}
	if err != nil {
		refuse(w, problemOf(err))

		return
	}
	reply(w, users[0])
}

// usersPage is the answer to GET /v1/users.
type usersPage struct {
	Users []User `json:"users"`
}

func (a *api) getUsers(w http.ResponseWriter, r *http.Request) {
	if !onlyParameters(w, r, "ids") {
		return
	}
	ids := r.URL.Query()["ids"]
	if len(ids) == 0 || len(ids) > maxIDs {
		refuse(w, FromCode(wire.CodeMalformed, fmt.Sprintf("%d user IDs: give 1 to %d, such as ?ids=alice&ids=bob", len(ids), maxIDs)))

		return
	}
	users, err := a.backend.Users(r.Context(), ids)
	answer(w, usersPage{users}, err)
}

func (a *api) deleteUser(w http.ResponseWriter, r *http.Request) {
	if !onlyParameters(w, r, "ban") {
		return
	}
	var ban *time.Duration
	if query := r.URL.Query(); query.Has("ban") {
		text := query.Get("ban")
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > maxBan {
			refuse(w, FromCode(wire.CodeMalformed, fmt.Sprintf("ban: %q is no time from 0s, which lifts a ban, to %s: write 10m or 24h", text, maxBan)))

			return
		}
		ban = &d
	}
	id := r.PathValue("id")
	removal, err := a.backend.Remove(r.Context(), id, ban)
	if err == nil && !removal.Removed && ban == nil {
		err = FromCode(wire.CodeUserNotFound, fmt.Sprintf("%q is not connected to any node", id))
	}
	answer(w, removal, err)
}

// nodesPage is the answer to GET /v1/nodes.
type nodesPage struct {
	Nodes []Node `json:"nodes"`
}

func (a *api) getNodes(w http.ResponseWriter, r *http.Request) {
	if !onlyParameters(w, r) {
		return
	}
	nodes, err := a.backend.Nodes(r.Context())
	answer(w, nodesPage{nodes}, err)
}

// onlyParameters refuses a request whose query has others than these: a misspelt one would be
// ignored.
func onlyParameters(w http.ResponseWriter, r *http.Request, names ...string) bool {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, FromCode(wire.CodeMalformed, "the query cannot be read: "+err.Error()))

		return false
	}
	for name := range query {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			refuse(w, FromCode(wire.CodeMalformed, fmt.Sprintf("there is no parameter %q here", name)))

			return false
		}
	}

	return true
}
