package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"reflect"
	"strconv"
	"strings"

	certificatesbeta "k8s.io/api/certificates/v1beta1"
	rbacbeta "k8s.io/api/rbac/v1beta1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The columns of kubectl's tables: each printer of the API server says them in a literal, with descriptions from the
// documentation of the types. Kinds without a printer have the columns of the server's default one; definitions of
// custom kinds have their own.
var columnSources = []struct{ kind, module, file string }{
	{"", "", "pkg/printers/internalversion/printers.go"},
	{"apiextensions.CustomResourceDefinition", "k8s.io/apiextensions-apiserver",
		"pkg/registry/customresourcedefinition/tableconvertor/tableconvertor.go"},
}

// columnReader reads the literals of one file.
type columnReader struct {
	imports map[string]string       // alias: package path
	docs    map[string]ast.Expr     // variable: the SwaggerDoc call it holds
	types   map[string]reflect.Type // package path and name
}

func (r *columnReader) typeOf(e ast.Expr) reflect.Type {
	switch e := e.(type) {
	case *ast.CompositeLit:
		s := e.Type.(*ast.SelectorExpr)
		return r.types[r.imports[s.X.(*ast.Ident).Name]+"."+s.Sel.Name]
	case *ast.SelectorExpr:
		if t := r.typeOf(e.X); t != nil {
			f, _ := t.FieldByName(e.Sel.Name)
			return f.Type
		}
	}
	return nil
}

func (r *columnReader) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			return e.Value
		}
		return s
	case *ast.BinaryExpr:
		return r.text(e.X) + r.text(e.Y)
	case *ast.IndexExpr: // TYPE{}.SwaggerDoc()["key"]
		of := e.X
		if name, ok := of.(*ast.Ident); ok {
			of = r.docs[name.Name]
		}
		t := r.typeOf(of.(*ast.CallExpr).Fun.(*ast.SelectorExpr).X)
		if t == nil {
			return "" // of a kind that is not served here
		}
		docs := reflect.Zero(t).MethodByName("SwaggerDoc").Call(nil)[0].Interface().(map[string]string)
		return docs[r.text(e.Index)]
	}
	panic(fmt.Sprintf("no text for %T", e))
}

func (r *columnReader) columns(literal *ast.CompositeLit) string {
	var out strings.Builder
	for _, element := range literal.Elts {
		c := map[string]string{"Priority": "0"}
		for _, member := range element.(*ast.CompositeLit).Elts {
			pair := member.(*ast.KeyValueExpr)
			c[pair.Key.(*ast.Ident).Name] = r.text(pair.Value)
		}
		fmt.Fprintf(&out, "    {%q, %q, %q, %s, %q},\n", c["Name"], c["Type"], c["Format"], c["Priority"], c["Description"])
	}
	return out.String()
}

// isColumns tells a []metav1.TableColumnDefinition{…} from other literals.
func isColumns(e ast.Expr) (*ast.CompositeLit, bool) {
	literal, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil, false
	}
	array, ok := literal.Type.(*ast.ArrayType)
	if !ok {
		return nil, false
	}
	s, ok := array.Elt.(*ast.SelectorExpr)
	return literal, ok && s.Sel.Name == "TableColumnDefinition"
}

// ofFile gives the columns by kind; those of the only literal of a file belong to `kind`.
func (r *columnReader) ofFile(file, kind string) map[string]string {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		panic(err)
	}
	r.imports, r.docs = map[string]string{}, map[string]ast.Expr{}
	for _, i := range tree.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		alias := path.Base(name)
		if i.Name != nil {
			alias = i.Name.Name
		}
		r.imports[alias] = name
	}
	printers := map[string]string{} // function that prints a list: the kind, as "apps.Deployment"
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && len(f.Type.Params.List) > 0 {
			if p, ok := f.Type.Params.List[0].Type.(*ast.StarExpr); ok {
				if s, ok := p.X.(*ast.SelectorExpr); ok && strings.HasSuffix(s.Sel.Name, "List") {
					folder := path.Base(r.imports[s.X.(*ast.Ident).Name])
					printers[f.Name.Name] = folder + "." + strings.TrimSuffix(s.Sel.Name, "List")
				}
			}
		}
	}
	variables, out := map[string]string{}, map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if len(n.Values) == 1 {
				r.docs[n.Names[0].Name] = n.Values[0]
			}
		case *ast.AssignStmt:
			if literal, ok := isColumns(n.Rhs[0]); ok {
				text := r.columns(literal)
				if name, ok := n.Lhs[0].(*ast.Ident); ok {
					variables[name.Name] = text
				}
				if kind != "" {
					out[kind] = text
				}
			}
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "TableHandler" {
				if printed := printers[n.Args[1].(*ast.Ident).Name]; printed != "" {
					out[printed] = variables[n.Args[0].(*ast.Ident).Name]
				}
			}
		}
		return true
	})
	return out
}

// writeColumns writes the columns of each kind that can be listed.
func writeColumns(kubernetes string) {
	r := columnReader{types: map[string]reflect.Type{}}
	// Some printers cite the documentation of a version that is no longer served.
	for _, cited := range []any{rbacbeta.RoleBinding{}, rbacbeta.ClusterRoleBinding{},
		certificatesbeta.CertificateSigningRequest{}} {
		number(reflect.TypeOf(cited))
	}
	for _, k := range kinds {
		number(reflect.TypeOf(k.object))
	}
	for i := 0; i < len(order); i++ {
		r.types[order[i].PkgPath()+"."+order[i].Name()] = order[i]
		for _, f := range fieldsOf(order[i]) {
			typeText(f.f.Type)
		}
	}
	all := map[string]string{}
	for _, source := range columnSources {
		folder := kubernetes
		if source.module != "" {
			folder = moduleFolder(source.module)
		}
		for kind, text := range r.ofFile(folder+"/"+source.file, source.kind) {
			all[kind] = text
		}
	}
	fmt.Println("// Generated by tools/k8s-schema from Kubernetes v1.37.2: do not edit.")
	fmt.Print("#include \"sandbox/table_columns.h\"\n\nnamespace shipit::sandbox {\nnamespace {\n\n")
	docs := meta.ObjectMeta{}.SwaggerDoc() // as k8s.io/apiserver pkg/registry/rest/table.go has them
	fmt.Printf("constexpr BuiltinColumn kDefault[] = {\n    {\"Name\", \"string\", \"name\", 0, %q},\n", docs["name"])
	fmt.Printf("    {\"Created At\", \"date\", \"\", 0, %q},\n};\n", docs["creationTimestamp"])
	var index strings.Builder
	seen := map[string]bool{}
	for _, k := range kinds {
		t := reflect.TypeOf(k.object)
		name, columns := t.Name(), all[path.Base(path.Dir(t.PkgPath()))+"."+t.Name()]
		if seen[name] || columns == "" {
			continue
		}
		seen[name] = true
		fmt.Printf("constexpr BuiltinColumn k%s[] = {\n%s};\n", name, columns)
		fmt.Fprintf(&index, "    {%q, k%s},\n", name, name)
	}
	fmt.Printf("\nconstexpr BuiltinColumns kAll[] = {\n%s};\n\n}  // namespace\n\n", index.String())
	fmt.Print("std::span<const BuiltinColumn> default_columns() { return kDefault; }\n")
	fmt.Print("std::span<const BuiltinColumns> builtin_columns() { return kAll; }\n\n}  // namespace shipit::sandbox\n")
}
