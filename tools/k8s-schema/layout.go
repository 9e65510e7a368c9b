package main

import (
	"fmt"
	"reflect"
	"strings"

	core "k8s.io/api/core/v1"
)

// layoutKind is the word for how a value prints: s text, b boolean, i number, q quantity, x int-or-string, t time,
// [ list, { map, @N the N-th struct; "*" before a pointer, and "-" for what no template has.
func layoutKind(t reflect.Type, number func(reflect.Type) int) string {
	if t.Kind() == reflect.Pointer {
		return "*" + layoutKind(t.Elem(), number)
	}
	if s := scalars[t.PkgPath()+"."+t.Name()]; s == "q" || s == "x" || s == "t" {
		return s
	}
	switch t.Kind() {
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int32, reflect.Int64:
		return "i"
	case reflect.Slice:
		return "[" + layoutKind(t.Elem(), number)
	case reflect.Map:
		return "{" + layoutKind(t.Elem(), number)
	case reflect.Struct:
		return fmt.Sprintf("@%d", number(t))
	}
	return "-"
}

// writeLayout writes the Go structs of a pod template as they are declared, for the hash in the names of ReplicaSets,
// which is one of the template's dump: "=TYPE", then "NAME KIND TYPE JSON" a field; JSON is "." for an embedded struct.
func writeLayout() {
	var types []reflect.Type
	numbers := map[reflect.Type]int{}
	number := func(t reflect.Type) int {
		n, ok := numbers[t]
		if !ok {
			n = len(types)
			numbers[t] = n
			types = append(types, t)
		}
		return n
	}
	number(reflect.TypeOf(core.PodTemplateSpec{}))
	var out strings.Builder
	for i := 0; i < len(types); i++ {
		fmt.Fprintf(&out, "=%s\n", types[i])
		for j := 0; j < types[i].NumField(); j++ {
			f := types[i].Field(j)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = "."
			}
			fmt.Fprintf(&out, "%s %s %s %s\n", f.Name, layoutKind(f.Type, number), strings.ReplaceAll(f.Type.String(), " ", ""), name)
		}
	}
	writeText("sandbox/controllers/template_hash.h", "sandbox", "kTemplateLayoutText", out.String())
}
