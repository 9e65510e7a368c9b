package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The structs that the API server prints whole in a refusal: as its own code declares them, field by field, with the
// JSON name that the served version has for each. The package that declares it, and its twin of the served version.
var printed = []struct {
	folder string
	served any
	name   string
}{
	{"core", core.PodSpec{}, "PodSpec"},
	{"core", core.PodTemplateSpec{}, "PodTemplateSpec"},
	{"core", core.ServicePort{}, "ServicePort"},
	{"core", core.PersistentVolumeClaimSpec{}, "PersistentVolumeClaimSpec"},
	{"core", core.PersistentVolumeSource{}, "PersistentVolumeSource"},
	{"apps", apps.DeploymentStrategy{}, "DeploymentStrategy"},
	{"apps", apps.StatefulSetUpdateStrategy{}, "StatefulSetUpdateStrategy"},
	{"apps", apps.DaemonSetUpdateStrategy{}, "DaemonSetUpdateStrategy"},
	{"policy", policy.PodDisruptionBudgetSpec{}, "PodDisruptionBudgetSpec"},
	{"apiextensions", apiextensions.CustomResourceDefinitionVersion{}, "CustomResourceDefinitionVersion"},
}

// ownPackage is one package of internal types, parsed.
type ownPackage struct {
	types map[string]ast.Expr
}

type structPair struct {
	folder, name string
	served       reflect.Type
}

// structWriter collects the structs in the order in which they are met.
type structWriter struct {
	folders  map[string]string
	packages map[string]*ownPackage
	pairs    []structPair
	numbers  map[string]int
}

func (w *structWriter) load(folder string) *ownPackage {
	if p := w.packages[folder]; p != nil {
		return p
	}
	p := &ownPackage{map[string]ast.Expr{}}
	files, _ := filepath.Glob(w.folders[folder] + "/types*.go")
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			panic(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				p.types[spec.Name.Name] = spec.Type
			}
			return true
		})
	}
	w.packages[folder] = p
	return p
}

func (w *structWriter) number(folder, name string, served reflect.Type) int {
	key := folder + "." + name
	if n, ok := w.numbers[key]; ok {
		return n
	}
	w.numbers[key] = len(w.pairs)
	w.pairs = append(w.pairs, structPair{folder, name, served})
	return w.numbers[key]
}

// text is the type in the words of the schema's text, with "*" before a pointer; A@N and B@N are a schema or a list of
// them and a schema or a boolean. `served` is its twin; types of other modules print as they are served: "j".
func (w *structWriter) text(folder string, t ast.Expr, served reflect.Type) string {
	for served != nil && served.Kind() == reflect.Pointer {
		served = served.Elem()
	}
	element := func() reflect.Type {
		if served != nil && (served.Kind() == reflect.Slice || served.Kind() == reflect.Map) {
			return served.Elem()
		}
		return nil
	}
	switch t := t.(type) {
	case *ast.StarExpr:
		return "*" + w.text(folder, t.X, served)
	case *ast.ArrayType:
		if i, ok := t.Elt.(*ast.Ident); ok && i.Name == "byte" {
			return "y"
		}
		return "[" + w.text(folder, t.Elt, element())
	case *ast.MapType:
		return "{" + w.text(folder, t.Value, element())
	case *ast.SelectorExpr:
		from, name := t.X.(*ast.Ident).Name, t.Sel.Name
		if from == "core" || from == "api" {
			return w.text("core", t.Sel, served)
		}
		if from == "intstr" || from == "resource" || name == "Time" || name == "MicroTime" || name == "Duration" {
			return map[string]string{"IntOrString": "x", "Quantity": "q", "Time": "t", "MicroTime": "t", "Duration": "s"}[name]
		}
		if name == "UID" {
			return "s"
		}
		return "j"
	case *ast.InterfaceType:
		return "j"
	case *ast.Ident:
		switch t.Name {
		case "string":
			return "s"
		case "bool":
			return "b"
		case "int", "int32", "int64", "uint32", "uint64", "float64":
			return "i"
		case "any", "JSON":
			return "j"
		case "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool":
			return fmt.Sprintf("%s@%d", strings.TrimPrefix(t.Name, "JSONSchemaPropsOr")[:1],
				w.number(folder, "JSONSchemaProps", reflect.TypeOf(apiextensions.JSONSchemaProps{})))
		}
		declared := w.load(folder).types[t.Name]
		if declared == nil {
			panic("no type " + folder + "." + t.Name)
		}
		if _, ok := declared.(*ast.StructType); ok {
			return fmt.Sprintf("@%d", w.number(folder, t.Name, served))
		}
		return w.text(folder, declared, served)
	}
	panic(fmt.Sprintf("no text for %T", t))
}

// fields writes one line a field, "GO_NAME TYPE JSON_NAME"; embedded structs print as their fields.
func (w *structWriter) fields(out *strings.Builder, folder string, t *ast.StructType, served reflect.Type) {
	for _, f := range t.Fields.List {
		if len(f.Names) == 0 {
			if own, ok := f.Type.(*ast.Ident); ok {
				w.fields(out, folder, w.load(folder).types[own.Name].(*ast.StructType), served)
			} else { // a template's metadata, which has JSON names: each in its place when it is there
				of := reflect.TypeOf(meta.ObjectMeta{})
				for i := 0; i < of.NumField(); i++ {
					name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
					fmt.Fprintf(out, "%s m %s\n", name, name)
				}
			}
			continue
		}
		for _, name := range f.Names {
			json, twin := "-", reflect.Type(nil)
			if served != nil {
				if s, ok := served.FieldByName(name.Name); ok {
					json, _, _ = strings.Cut(s.Tag.Get("json"), ",")
					twin = s.Type
				}
			}
			fmt.Fprintf(out, "%s %s %s\n", name.Name, w.text(folder, f.Type, twin), json)
		}
	}
}

// moduleFolder is where a module that go.mod names lies.
func moduleFolder(module string) string {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(folder))
}

// writeInternal writes the structs behind `printed` of the Kubernetes sources in `kubernetes`.
func writeInternal(kubernetes string) {
	w := structWriter{map[string]string{
		"core":          kubernetes + "/pkg/apis/core",
		"apps":          kubernetes + "/pkg/apis/apps",
		"policy":        kubernetes + "/pkg/apis/policy",
		"apiextensions": moduleFolder("k8s.io/apiextensions-apiserver") + "/pkg/apis/apiextensions",
	}, map[string]*ownPackage{}, nil, map[string]int{}}
	for _, p := range printed {
		w.number(p.folder, p.name, reflect.TypeOf(p.served))
	}
	var out strings.Builder
	for i := 0; i < len(w.pairs); i++ {
		pair := w.pairs[i]
		fmt.Fprintf(&out, "=%s\n", pair.name)
		w.fields(&out, pair.folder, w.load(pair.folder).types[pair.name].(*ast.StructType), pair.served)
	}
	writeText("sandbox/go_structs.h", "sandbox", "kGoStructsText", out.String())
}
