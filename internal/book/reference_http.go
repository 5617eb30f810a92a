package book

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const httpHead = `# HTTP API

The server-to-server API: every request, what it takes, what it answers. Any node answers for every user of the cluster. Made of the OpenAPI document that
nodes serve at ` + "`/v1/openapi.json`" + `, which a test holds to the handlers; ` + "`go test ./internal/book -update`" + ` writes this page. How to use it:
[messages from other servers](server-api.md).

Each request has the header ` + "`Authorization: Bearer KEY`" + ` with the ` + "`admin_key`" + ` of the nodes. Errors are problem documents
(RFC 9457) whose ` + "`code`" + ` is one of [the wire's](errors.md). The pages without a key (` + "`/healthz`, `/readyz`, `/metrics`" + `) are in
[running a node](operating.md#health).

`

// methods in the order in which they are shown.
var methods = []string{"GET", "POST", "PUT", "DELETE"}

// HTTP makes docs/http.md of the OpenAPI document.
func HTTP(root string) (string, error) {
	api, err := openapi3.NewLoader().LoadFromFile(filepath.Join(root, filepath.FromSlash(openAPIFile)))
	if err != nil {
		return "", fmt.Errorf("%s: %w", openAPIFile, err)
	}
	var b strings.Builder
	b.WriteString(httpHead)
	for _, path := range slices.Sorted(maps.Keys(api.Paths.Map())) {
		for _, method := range methods {
			if op := api.Paths.Find(path).GetOperation(method); op != nil {
				writeOperation(&b, method, path, op)
			}
		}
	}
	b.WriteString("## Objects\n")
	for _, name := range slices.Sorted(maps.Keys(api.Components.Schemas)) {
		writeSchema(&b, name, api.Components.Schemas[name].Value)
	}

	return b.String(), nil
}

func writeOperation(b *strings.Builder, method, path string, op *openapi3.Operation) {
	fmt.Fprintf(b, "## %s %s\n\n%s\n\n", method, path, op.Summary)
	if len(op.Parameters) > 0 {
		b.WriteString("| parameter | in | type | meaning |\n|---|---|---|---|\n")
		for _, p := range op.Parameters {
			need := ""
			if p.Value.Required {
				need = ", required"
			}
			fmt.Fprintf(b, "| `%s` | %s%s | %s | %s |\n", p.Value.Name, p.Value.In, need, typeOf(p.Value.Schema), p.Value.Description)
		}
		b.WriteString("\n")
	}
	if op.RequestBody != nil {
		fmt.Fprintf(b, "The body is a %s.\n\n", content(op.RequestBody.Value.Content))
	}
	b.WriteString("| status | body | meaning |\n|---|---|---|\n")
	codes := op.Responses.Map()
	for _, status := range slices.Sorted(maps.Keys(codes)) {
		r := codes[status].Value
		fmt.Fprintf(b, "| %s | %s | %s |\n", status, content(r.Content), *r.Description)
	}
	b.WriteString("\n")
}

// content names the object of a body.
func content(c openapi3.Content) string {
	for _, media := range c {
		return typeOf(media.Schema)
	}

	return ""
}

// typeOf names a type, with a link to an object's table.
func typeOf(s *openapi3.SchemaRef) string {
	if s == nil {
		return ""
	}
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]

		return "[" + name + "](#" + strings.ToLower(name) + ")"
	}
	v := s.Value
	switch {
	case v.Type.Is("array"):
		return "array of " + typeOf(v.Items)
	case len(v.Enum) > 0:
		words := make([]string, 0, len(v.Enum))
		for _, e := range v.Enum {
			words = append(words, fmt.Sprintf("`%v`", e))
		}

		return strings.Join(words, ", ")
	case v.Format != "":
		return strings.Join(v.Type.Slice(), " or ") + " (" + v.Format + ")"
	default:
		return strings.Join(v.Type.Slice(), " or ")
	}
}

func writeSchema(b *strings.Builder, name string, s *openapi3.Schema) {
	fmt.Fprintf(b, "\n### %s\n\n", name)
	if s.Description != "" {
		b.WriteString(s.Description + "\n\n")
	}
	if len(s.Properties) == 0 {
		b.WriteString("A " + typeOf(&openapi3.SchemaRef{Value: s}) + ".\n")

		return
	}
	b.WriteString("| member | type | meaning |\n|---|---|---|\n")
	members := slices.Sorted(maps.Keys(s.Properties))
	slices.SortStableFunc(members, func(a, b string) int { return order(s, a) - order(s, b) })
	for _, member := range members {
		always := ""
		if order(s, member) == 0 {
			always = ", always there"
		}
		about := s.Properties[member].Value
		preset := ""
		if about.Default != nil {
			preset = fmt.Sprintf(" Default: `%v`.", about.Default)
		}
		fmt.Fprintf(b, "| `%s` | %s%s | %s%s |\n", member, typeOf(s.Properties[member]), always, about.Description, preset)
	}
}

// order puts required members first.
func order(s *openapi3.Schema, member string) int {
	if slices.Contains(s.Required, member) {
		return 0
	}

	return 1
}
