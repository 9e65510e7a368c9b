package main

import (
	"reflect"
	"slices"
	"strings"
	"text/template"
	_ "unsafe" // for go:linkname
)

// The functions Helm gives to templates. (engine.s lets the compiler accept a function without a body.)
//
//go:linkname helmFunctions helm.sh/helm/v4/pkg/engine.funcMap
func helmFunctions() template.FuncMap

// builtins are those of text/template that Helm's map does not replace.
var builtins = []string{"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not",
	"or", "print", "printf", "println", "urlquery"}

var letters = map[string]string{"interface {}": "a", "string": "s", "int": "i", "float64": "f", "bool": "b",
	"uint32": "u", "map[string]interface {}": "m", "[]interface {}": "l", "time.Time": "t", "sprig.certificate": "c"}

// parameters is a function's type as the engine writes it in its tables.
func parameters(function any) string {
	t := reflect.TypeOf(function)
	var text strings.Builder
	for i := range t.NumIn() {
		in := t.In(i)
		if t.IsVariadic() && i == t.NumIn()-1 {
			text.WriteString(letters[in.Elem().String()] + "*")
		} else {
			text.WriteString(letters[in.String()])
		}
	}
	return text.String()
}

func compareFunctions(c *comparison, p *peer) {
	got, err := p.ask([]testCase{{Functions: true}})
	check(err)
	ours := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(*got[0].Output), "\n") {
		name, params, _ := strings.Cut(line, " ")
		ours[name] = params
	}
	for name, function := range helmFunctions() {
		c.cases++
		params, there := ours[name]
		if want := parameters(function); !there || params != want {
			c.report("--- function %s\n  helm %s\n  ours %s\n", name, want, map[bool]string{true: params, false: "missing"}[there])
		}
		delete(ours, name)
	}
	for _, name := range builtins {
		c.cases++
		if _, there := ours[name]; !there {
			c.report("--- function %s\n  helm built in\n  ours missing\n", name)
		}
		delete(ours, name)
	}
	for name := range ours {
		c.report("--- function %s\n  helm has none\n", name)
	}
	// Every function is generated, or checked by property.
	known := append(slices.Clone(byProperty), builtins...)
	for _, s := range signatures {
		known = append(known, s.function())
	}
	for name := range helmFunctions() {
		if !slices.Contains(known, name) {
			c.report("--- function %s is neither generated nor checked by property\n", name)
		}
	}
}
