package book

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// publicPackages are those whose names documents use, by folder. "." is package parley.
var publicPackages = map[string]string{"parley": ".", "dm": "dm", "user": "user", "client": "client", "dive": "dive", "wire": "wire"}

// names are the exported names of a package.
type names struct {
	all     map[string]bool            // functions, types, variables, constants
	members map[string]map[string]bool // methods and fields by type; nil: the type is declared elsewhere
}

func (p *Project) loadIdentifiers() error {
	p.identifiers = map[string]*names{}
	for name, dir := range publicPackages {
		files, err := parseDir(filepath.Join(p.root, dir))
		if err != nil {
			return err
		}
		n := &names{all: map[string]bool{}, members: map[string]map[string]bool{}}
		for _, f := range files {
			for _, d := range f.Decls {
				n.add(d)
			}
		}
		if len(n.all) == 0 {
			return fmt.Errorf("package %s exports nothing", name)
		}
		p.identifiers[name] = n
	}

	return nil
}

// parseDir reads the files of a package that are no tests.
func parseDir(dir string) ([]*ast.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}

	return files, nil
}

func (n *names) add(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			n.all[d.Name.Name] = true
		} else {
			n.member(receiver(d.Recv.List[0].Type), d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				n.addType(s)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					n.all[name.Name] = true
					n.member(name.Name, embedded) // its type's, which may be declared elsewhere
				}
			}
		}
	}
}

func (n *names) member(of, name string) {
	if n.members[of] == nil {
		n.members[of] = map[string]bool{}
	}
	n.members[of][name] = true
}

// addType notes a type and its fields. Of a type that has its members from another one, they are
// not known: embedded marks it.
func (n *names) addType(s *ast.TypeSpec) {
	n.all[s.Name.Name] = true
	var list *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	case *ast.SelectorExpr:
		n.member(s.Name.Name, embedded)

		return
	default:
		return
	}
	for _, f := range list.List {
		for _, name := range f.Names {
			n.member(s.Name.Name, name.Name)
		}
		if len(f.Names) == 0 {
			n.member(s.Name.Name, embedded)
		}
	}
}

// embedded, among the members of a type, says that there are others, which are not known.
const embedded = "…"

// has reports whether the package has a name, and the name a member, if one is given.
func (n *names) has(name, member string) bool {
	if !n.all[name] || member == "" {
		return n.all[name]
	}

	return n.members[name][member] || n.members[name][embedded]
}

func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}

	return ""
}

// loadCodes reads the constants of package wire that are codes.
func (p *Project) loadCodes() error {
	p.codes, p.goodbyes = map[string]string{}, map[string]string{}
	files, err := parseDir(filepath.Join(p.root, "wire"))
	if err != nil {
		return err
	}
	for _, c := range constants(files) {
		switch c.kind {
		case "Code":
			p.codes[c.value] = c.name
		case "Goodbye":
			p.goodbyes[c.value] = c.name
		}
	}
	if len(p.codes) == 0 || len(p.goodbyes) == 0 {
		return fmt.Errorf("package wire has %d codes and %d goodbyes", len(p.codes), len(p.goodbyes))
	}

	return nil
}

// constant is a constant of a named type whose value is written as a literal.
type constant struct{ kind, name, value string }

func constants(files []*ast.File) []constant {
	var all []constant
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || len(s.Names) != 1 || len(s.Values) != 1 {
				return true
			}
			kind, named := s.Type.(*ast.Ident)
			value, literal := s.Values[0].(*ast.BasicLit)
			if named && literal {
				all = append(all, constant{kind: kind.Name, name: s.Names[0].Name, value: value.Value})
			}

			return true
		})
	}

	return all
}

// openAPIFile is held to the handlers by a test of internal/httpapi.
const openAPIFile = "internal/httpapi/openapi.json"

// loadRoutes reads the requests of the server-to-server API.
func (p *Project) loadRoutes() error {
	text, err := p.read(openAPIFile)
	if err != nil {
		return err
	}
	var api struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(text), &api); err != nil {
		return fmt.Errorf("%s: %w", openAPIFile, err)
	}
	p.routes = map[string]bool{"GET /v1/openapi.json": true}
	for path, methods := range api.Paths {
		for method := range methods {
			p.routes[strings.ToUpper(method)+" "+path] = true
		}
	}

	return nil
}
