// Package book holds the documents to the code. Its tests run in every build; nothing else uses it.
//
//	Load(root) ──▶ *Project: flags, commands, settings, codes, identifiers, metrics, tests, files
//	                  │
//	page.md ──▶ Parse ──▶ *Page ──▶ Project.Check ──▶ one line for each statement that is not true
//
// Begin with check.go, which lists what is checked. project.go says where each fact comes from:
// the source that the binary is built from, or a reference page that another test holds to it
// (docs/cli.md to the help of the command line, docs/metrics.md to /metrics).
//
// The tests also write the references that are made of the code: docs/errors.md, docs/http.md and
// docs/wire.md (`go test ./internal/book -update`).
//
// # Limits
//
// A name is checked where it can be told from prose: in backquotes and in blocks of code. Sentences
// are not understood. Commands of other programs (curl, openssl, kubectl) are not checked.
package book
