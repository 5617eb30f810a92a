package book

import (
	"errors"
	"fmt"
	"go/ast"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/parley-dm/parley/wire"
)

// codeRow is a row of a table of codes in the documentation of package wire.
type codeRow struct {
	number                int
	words, happened, does string
}

// codeTables reads the two tables of package wire's documentation: errors, and goodbyes.
func codeTables(doc string) (errs, goodbyes []codeRow, err error) {
	var tables [][]codeRow
	happened, does := -1, -1 // columns; -1: outside a table
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.Contains(line, "code ") && strings.Contains(line, "what happened") && strings.Contains(line, "what a client does"):
			happened, does = strings.Index(line, "what happened"), strings.Index(line, "what a client does")
			tables = append(tables, nil)
		case line == "" || happened < 0:
			happened = -1
		default:
			rows := &tables[len(tables)-1]
			first, second, third := cell(line, 0, happened), cell(line, happened, does), cell(line, does, len(line))
			if first == "" && len(*rows) > 0 { // the line goes on with the row above
				last := &(*rows)[len(*rows)-1]
				last.happened = strings.TrimSpace(last.happened + " " + second)
				last.does = strings.TrimSpace(last.does + " " + third)

				continue
			}
			number, words, _ := strings.Cut(first, " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				return nil, nil, fmt.Errorf("package wire: %q begins with no code", line)
			}
			*rows = append(*rows, codeRow{number: n, words: strings.TrimSpace(words), happened: second, does: third})
		}
	}
	if len(tables) != 2 {
		return nil, nil, fmt.Errorf("package wire has %d tables of codes in its documentation, not 2", len(tables))
	}

	return tables[0], tables[1], nil
}

// cell is what stands in a line between two columns.
func cell(line string, from, to int) string {
	if from >= len(line) {
		return ""
	}

	return strings.TrimSpace(line[from:min(to, len(line))])
}

// documentation is the comment of a package's doc.go, as text.
func documentation(files []*ast.File) string {
	for _, f := range files {
		if f.Doc != nil {
			return f.Doc.Text()
		}
	}

	return ""
}

// sentinels are the variables of a package whose value is an error with a code: names by the name
// of the constant.
func sentinels(files []*ast.File) map[string]string {
	found := map[string]string{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || len(s.Values) != 1 {
				return true
			}
			ast.Inspect(s.Values[0], func(n ast.Node) bool {
				if kv, ok := n.(*ast.KeyValueExpr); ok {
					if sel, ok := kv.Value.(*ast.SelectorExpr); ok {
						found[sel.Sel.Name] = s.Names[0].Name
					}
				}

				return true
			})

			return false
		})
	}

	return found
}

// otherErrors are the variables of a package that begin with Err and have no code, with the first
// sentence of their comments.
func otherErrors(files []*ast.File, coded map[string]string) [][2]string {
	has := map[string]bool{}
	for _, name := range coded {
		has[name] = true
	}
	var all [][2]string
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				v, ok := s.(*ast.ValueSpec)
				if !ok || !strings.HasPrefix(v.Names[0].Name, "Err") || has[v.Names[0].Name] {
					continue
				}
				text := strings.Join(strings.Fields(v.Doc.Text()), " ")
				all = append(all, [2]string{v.Names[0].Name, strings.TrimPrefix(text, v.Names[0].Name+": ")})
			}
		}
	}

	return all
}

const codesHead = `# Codes and errors

Every code that a request, a message or a connection can end with, and its name in Go, JavaScript and HTTP. Made of the code: ` +
	"`go test ./internal/book -update`" + `
writes it.

## Errors

The answer to a request that failed. Codes from 4001 blame the request, codes from 5001 do not. In Go, test with ` + "`errors.Is`" + `: the variables
of packages ` + "`client` and `dm`" + ` match any error of the same code. In JavaScript it is the ` + "`code`" + ` of a ` + "`ParleyError`" + `.
The HTTP status is that of the [server-to-server API](http.md).

`

// Codes makes docs/errors.md of package wire's tables, the variables of packages dm, client and
// dive, the JavaScript client's table and the API's status codes.
func Codes(root string, httpStatus func(wire.Code) int) (string, error) {
	files := map[string][]*ast.File{}
	for _, dir := range []string{"wire", "dm", "client", "dive"} {
		parsed, err := parseDir(filepath.Join(root, dir))
		if err != nil {
			return "", err
		}
		files[dir] = parsed
	}
	errs, goodbyes, err := codeTables(documentation(files["wire"]))
	if err != nil {
		return "", err
	}
	javaScript, err := javaScriptCodes(root)
	if err != nil {
		return "", err
	}
	constant := map[string]string{}
	for _, c := range constants(files["wire"]) {
		constant[c.kind+c.value] = c.name
	}
	dm, client := sentinels(files["dm"]), sentinels(files["client"])
	api, err := (&Project{root: root}).read(openAPIFile)
	if err != nil {
		return "", err
	}
	status := func(code int) string {
		if !strings.Contains(api, "("+strconv.Itoa(code)+")") {
			return "" // the API does not answer with it
		}

		return strconv.Itoa(httpStatus(wire.Code(code)))
	}

	var b strings.Builder
	b.WriteString(codesHead)
	b.WriteString("| code | what happened | what a client does | Go client | package dm | JavaScript | HTTP |\n|---|---|---|---|---|---|---|\n")
	for _, r := range errs {
		name := constant["Code"+strconv.Itoa(r.number)]
		if name == "" {
			return "", fmt.Errorf("package wire explains code %d, and has no constant for it", r.number)
		}
		delete(constant, "Code"+strconv.Itoa(r.number))
		fmt.Fprintf(&b, "| %d %s | %s | %s | %s | %s | %s | %s |\n", r.number, r.words, r.happened, r.does,
			quoted("client.", client[name]), quoted("dm.", dm[name]), quoted("", javaScript[r.number]), status(r.number))
	}
	b.WriteString("\n## Goodbyes\n\nWhy the server ends a connection. A client comes back by itself after 1000 to 1999 only. In Go it is the\n" +
		"`Code` of a `client.GoodbyeError`, in JavaScript `p.error.goodbye`.\n\n| code | constant | what happened | what a client does |\n|---|---|---|---|\n")
	for _, r := range goodbyes {
		name := constant["Goodbye"+strconv.Itoa(r.number)]
		if name == "" {
			return "", fmt.Errorf("package wire explains goodbye %d, and has no constant for it", r.number)
		}
		delete(constant, "Goodbye"+strconv.Itoa(r.number))
		fmt.Fprintf(&b, "| %d %s | %s | %s | %s |\n", r.number, r.words, quoted("wire.", name), r.happened, strings.Trim(r.does, "-"))
	}
	for key, name := range constant {
		if strings.HasPrefix(key, "Code") || strings.HasPrefix(key, "Goodbye") {
			return "", fmt.Errorf("package wire does not explain %s in its documentation", name)
		}
	}
	for _, p := range []struct{ name, title, intro string }{
		{"client", "Errors of the Go client without a code", "What happened between the client and its server."},
		{"dm", "Errors of package dm without a code", "Mistakes of the program that calls: nothing was sent."},
		{"dive", "Errors of storages", "An operation's error is a `*dive.Error` that names operation, storage and key, and wraps one of these."},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| error | what it means |\n|---|---|\n", p.title, p.intro)
		for _, e := range otherErrors(files[p.name], sentinels(files[p.name])) {
			fmt.Fprintf(&b, "| `%s.%s` | %s |\n", p.name, e[0], e[1])
		}
	}

	return b.String(), nil
}

func quoted(prefix, name string) string {
	if name == "" {
		return ""
	}

	return "`" + prefix + name + "`"
}

var javaScriptCode = regexp.MustCompile(`(?m)^ {2}(\d{4}): "(\w+)",$`)

func javaScriptCodes(root string) (map[int]string, error) {
	p := &Project{root: root}
	text, err := p.read("sdk/js/src/errors.ts")
	found := map[int]string{}
	for _, m := range javaScriptCode.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		found[n] = m[2]
	}
	if err == nil && len(found) == 0 {
		err = errors.New("sdk/js/src/errors.ts has no codes")
	}

	return found, err
}
