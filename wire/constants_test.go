package wire_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryConstantHasAVector(t *testing.T) {
	have := map[string]map[uint64]bool{"Kind": {}, "Status": {}, "Code": {}, "Goodbye": {}}
	for _, v := range readVectors(t).Frames {
		have["Kind"][uint64(kindNamed(t, v.Kind))] = true
		if v.Response != nil {
			have["Status"][uint64(v.Response.Status)] = true
		}
		if v.Error != nil {
			have["Code"][uint64(v.Error.Code)] = true
		}
		if v.Goodbye != nil {
			have["Goodbye"][uint64(v.Goodbye.Code)] = true
		}
	}
	found := 0
	for _, c := range packageConstants(t) {
		values, ok := have[c.kind]
		if !ok {
			continue
		}
		found++
		if !values[c.value] {
			t.Errorf("%s (%s %d) has no vector", c.name, c.kind, c.value)
		}
	}
	if found < 30 {
		t.Errorf("only %d constants were found in the package", found)
	}
}

type packageConstant struct {
	name, kind string
	value      uint64
}

// packageConstants reads the package's own source for its constants of named types, so that a new
// one cannot be forgotten.
func packageConstants(t *testing.T) []packageConstant {
	t.Helper()
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	// Imports stay unresolved: constants do not need them.
	conf := types.Config{Importer: nil, Error: func(error) {}}
	pkg, _ := conf.Check("wire", fset, files, nil)
	var found []packageConstant
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		named, ok := c.Type().(*types.Named)
		if !ok {
			continue
		}
		value, _ := constant.Uint64Val(c.Val())
		found = append(found, packageConstant{name: name, kind: named.Obj().Name(), value: value})
	}

	return found
}
