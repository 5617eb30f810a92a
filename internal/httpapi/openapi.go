package httpapi

import (
	_ "embed"
	"net/http"
)

// openAPIPath is where the API describes itself, for a client without the key too.
const openAPIPath = "/v1/openapi.json"

// openAPI describes the API. A test checks the handlers against it.
//
//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, problem(http.StatusMethodNotAllowed, r.Method+" is not for "+openAPIPath+": use GET"))

		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}
