// Generates src/k8s/schema_data.cpp, with "schemas" src/sandbox/openapi_schemas.z and with "columns"
// src/sandbox/table_columns.cpp: the types behind the built-in kinds, from two sources that the API server itself
// is built from: its OpenAPI document (list and map semantics) and the Go types (what is left out
// when zero, patch strategies).
//
// Usage: go run . $(go mod download -json k8s.io/kubernetes@v1.37.2 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') > ../../src/k8s/schema_data.cpp
//
//	go run . KUBECONFIG schemas > ../../src/sandbox/openapi_schemas.z
//	go run . KUBERNETES columns > ../../src/sandbox/table_columns.cpp   (the folder of the first form)
//	go run . KUBERNETES internal > ../../src/sandbox/go_structs.cpp
//	go run . layout > ../../src/sandbox/controllers/template_layout.cpp
//
// openapi_schemas.z is the zlib-compressed JSON object of the OpenAPI v3 schemas by name, of every group and version that
// the sandbox serves, as the API server of KUBECONFIG (tools/realstack starts one) answers them with kubectl.
// table_columns.cpp has the columns in which the server prints each kind (columns.go); go_structs.cpp the server's own
// structs, for the messages in which it prints one (internal.go); template_layout.cpp those of a pod template (layout.go).
//
// The text has one line a type, "=NAME ATTRIBUTES", followed by one line a field, "NAME TYPE ATTRIBUTES", and one line
// a kind, "!GROUP VERSION KIND TYPENAME". TYPE: s string, b bool, i int32, l int64, d double, y bytes, q quantity,
// x int-or-string, t time, u micro time, a any, @N the N-th type, [T list, {T map. ATTRIBUTES: p pointer, o omitempty,
// A atomic, S set, K=a,b list keys, M/R/T/U patch strategy merge/replace/retainKeys/merge+retainKeys, k=NAME merge key,
// #N protobuf field number (#N.M: field M of the embedded message N).
package main

import (
	"compress/zlib"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"sort"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type kind struct {
	group, version string
	object         any
}

var kinds = []kind{
	{"", "v1", core.Pod{}}, {"", "v1", core.PodTemplate{}}, {"", "v1", core.ReplicationController{}},
	{"", "v1", core.Service{}}, {"", "v1", core.Endpoints{}}, {"", "v1", core.ConfigMap{}}, {"", "v1", core.Secret{}},
	{"", "v1", core.ServiceAccount{}}, {"", "v1", core.Namespace{}}, {"", "v1", core.Node{}}, {"", "v1", core.Event{}},
	{"", "v1", core.PersistentVolume{}}, {"", "v1", core.PersistentVolumeClaim{}}, {"", "v1", core.LimitRange{}},
	{"", "v1", core.ResourceQuota{}}, {"", "v1", core.Binding{}}, {"", "v1", meta.Status{}},
	{"", "v1", meta.DeleteOptions{}}, {"", "v1", meta.PartialObjectMetadata{}},
	{"apps", "v1", apps.Deployment{}}, {"apps", "v1", apps.ReplicaSet{}}, {"apps", "v1", apps.StatefulSet{}},
	{"apps", "v1", apps.DaemonSet{}}, {"apps", "v1", apps.ControllerRevision{}},
	{"batch", "v1", batch.Job{}}, {"batch", "v1", batch.CronJob{}},
	{"autoscaling", "v2", autoscaling.HorizontalPodAutoscaler{}}, {"autoscaling", "v1", autoscalingv1.Scale{}},
	{"policy", "v1", policy.PodDisruptionBudget{}}, {"policy", "v1", policy.Eviction{}},
	{"networking.k8s.io", "v1", networking.Ingress{}}, {"networking.k8s.io", "v1", networking.IngressClass{}},
	{"networking.k8s.io", "v1", networking.NetworkPolicy{}},
	{"coordination.k8s.io", "v1", coordination.Lease{}}, {"events.k8s.io", "v1", events.Event{}},
	{"discovery.k8s.io", "v1", discovery.EndpointSlice{}},
	{"rbac.authorization.k8s.io", "v1", rbac.Role{}}, {"rbac.authorization.k8s.io", "v1", rbac.RoleBinding{}},
	{"rbac.authorization.k8s.io", "v1", rbac.ClusterRole{}}, {"rbac.authorization.k8s.io", "v1", rbac.ClusterRoleBinding{}},
	{"storage.k8s.io", "v1", storage.StorageClass{}}, {"storage.k8s.io", "v1", storage.CSIDriver{}},
	{"storage.k8s.io", "v1", storage.VolumeAttachment{}},
	{"scheduling.k8s.io", "v1", scheduling.PriorityClass{}}, {"node.k8s.io", "v1", node.RuntimeClass{}},
	{"certificates.k8s.io", "v1", certificates.CertificateSigningRequest{}},
	{"admissionregistration.k8s.io", "v1", admissionregistration.ValidatingWebhookConfiguration{}},
	{"admissionregistration.k8s.io", "v1", admissionregistration.MutatingWebhookConfiguration{}},
	{"authorization.k8s.io", "v1", authorization.SelfSubjectAccessReview{}},
	{"authorization.k8s.io", "v1", authorization.SubjectAccessReview{}},
	{"authorization.k8s.io", "v1", authorization.LocalSubjectAccessReview{}},
	{"authorization.k8s.io", "v1", authorization.SelfSubjectRulesReview{}},
	{"authentication.k8s.io", "v1", authentication.SelfSubjectReview{}},
	{"authentication.k8s.io", "v1", authentication.TokenReview{}},
	{"apiextensions.k8s.io", "v1", apiextensions.CustomResourceDefinition{}},
	{"autoscaling", "v1", autoscalingv1.HorizontalPodAutoscaler{}},
}

// scalars are types with a JSON form of their own.
var scalars = map[string]string{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":                                         "q",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":                                       "x",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":                                             "t",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":                                        "u",
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":                                         "a",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":                                         "s",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":                                          "a",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON":                         "a",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":        "a",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":       "a",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": "a",
}

type property struct {
	ListType    string   `json:"x-kubernetes-list-type"`
	ListMapKeys []string `json:"x-kubernetes-list-map-keys"`
	MapType     string   `json:"x-kubernetes-map-type"`
}

type definition struct {
	MapType    string              `json:"x-kubernetes-map-type"`
	Properties map[string]property `json:"properties"`
}

var definitions map[string]definition
var order []reflect.Type
var numbers = map[reflect.Type]int{}

func openAPIName(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	host := strings.Split(parts[0], ".")
	for i, j := 0, len(host)-1; i < j; i, j = i+1, j-1 {
		host[i], host[j] = host[j], host[i]
	}
	return strings.Join(append(host, parts[1:]...), ".") + "." + t.Name()
}

func number(t reflect.Type) int {
	if n, ok := numbers[t]; ok {
		return n
	}
	numbers[t] = len(order)
	order = append(order, t)
	return numbers[t]
}

func typeText(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return typeText(t.Elem())
	}
	if s, ok := scalars[t.PkgPath()+"."+t.Name()]; ok {
		return s
	}
	switch t.Kind() {
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int32, reflect.Uint32, reflect.Int16, reflect.Uint8:
		return "i"
	case reflect.Int64, reflect.Int, reflect.Uint64:
		return "l"
	case reflect.Float32, reflect.Float64:
		return "d"
	case reflect.Interface:
		return "a"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "[" + typeText(t.Elem())
	case reflect.Map:
		return "{" + typeText(t.Elem())
	case reflect.Struct:
		return fmt.Sprintf("@%d", number(t))
	}
	panic("no text for " + t.String())
}

type field struct {
	name   string
	f      reflect.StructField
	number string
}

// protobufNumber is the field number in `protobuf:"bytes,2,opt,name=spec"`; empty when there is none.
func protobufNumber(f reflect.StructField) string {
	parts := strings.Split(f.Tag.Get("protobuf"), ",")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// fieldsOf flattens embedded structs as encoding/json does.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || f.PkgPath != "" && !f.Anonymous {
			continue
		}
		if f.Anonymous && (name == "" || strings.Contains(rest, "inline")) {
			e := f.Type
			if e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			outer := protobufNumber(f)
			for _, inner := range fieldsOf(e) {
				if outer != "" && inner.number != "" {
					inner.number = outer + "." + inner.number
				}
				out = append(out, inner)
			}
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, field{name, f, protobufNumber(f)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func attributes(f field, p property) string {
	var a []string
	if f.f.Type.Kind() == reflect.Pointer {
		a = append(a, "p")
	}
	// encoding/json leaves no struct out for being empty: times, quantities and int-or-strings among them.
	tag := f.f.Tag.Get("json")
	if strings.Contains(tag, ",omitzero") || strings.Contains(tag, ",omitempty") && f.f.Type.Kind() != reflect.Struct {
		a = append(a, "o")
	}
	switch {
	case p.ListType == "map":
		a = append(a, "K="+strings.Join(p.ListMapKeys, ","))
	case p.ListType == "set":
		a = append(a, "S")
	case p.MapType == "atomic":
		a = append(a, "A")
	}
	switch f.f.Tag.Get("patchStrategy") {
	case "merge":
		a = append(a, "M")
	case "replace":
		a = append(a, "R")
	case "retainKeys":
		a = append(a, "T")
	case "merge,retainKeys":
		a = append(a, "U")
	}
	if k := f.f.Tag.Get("patchMergeKey"); k != "" {
		a = append(a, "k="+k)
	}
	if f.number != "" {
		a = append(a, "#"+f.number)
	}
	if len(a) == 0 {
		return ""
	}
	return " " + strings.Join(a, " ")
}

// writeSchemas writes the schemas of the kinds' groups and versions, and of all that they refer to.
func writeSchemas(kubeconfig string) {
	schemas := map[string]json.RawMessage{}
	for _, k := range kinds {
		path := "api/" + k.version
		if k.group != "" {
			path = "apis/" + k.group + "/" + k.version
		}
		text, err := exec.Command("kubectl", "--kubeconfig", kubeconfig, "get", "--raw", "/openapi/v3/"+path).Output()
		if err != nil {
			panic(err)
		}
		var document struct {
			Components struct{ Schemas map[string]json.RawMessage }
		}
		if err := json.Unmarshal(text, &document); err != nil {
			panic(err)
		}
		for name, schema := range document.Components.Schemas {
			schemas[name] = schema
		}
	}
	text, err := json.Marshal(schemas)
	if err != nil {
		panic(err)
	}
	writer, _ := zlib.NewWriterLevel(os.Stdout, zlib.BestCompression)
	writer.Write(text)
	writer.Close()
}

func main() {
	if len(os.Args) > 2 && os.Args[2] == "schemas" {
		writeSchemas(os.Args[1])
		return
	}
	if len(os.Args) > 2 && os.Args[2] == "columns" {
		writeColumns(os.Args[1])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "layout" {
		writeLayout()
		return
	}
	if len(os.Args) > 2 && os.Args[2] == "internal" {
		writeInternal(os.Args[1])
		return
	}
	text, err := os.ReadFile(os.Args[1] + "/api/openapi-spec/swagger.json")
	if err != nil {
		panic(err)
	}
	var document struct{ Definitions map[string]definition }
	if err := json.Unmarshal(text, &document); err != nil {
		panic(err)
	}
	definitions = document.Definitions

	var out strings.Builder
	for _, k := range kinds {
		t := reflect.TypeOf(k.object)
		group := k.group
		if group == "" {
			group = "-"
		}
		fmt.Fprintf(&out, "!%s %s %s %s\n", group, k.version, t.Name(), openAPIName(t))
		number(t)
	}
	for i := 0; i < len(order); i++ {
		t := order[i]
		d, known := definitions[openAPIName(t)]
		fmt.Fprintf(&out, "=%s", openAPIName(t))
		if d.MapType == "atomic" {
			fmt.Fprint(&out, " A")
		}
		fmt.Fprint(&out, "\n")
		for _, f := range fieldsOf(t) {
			p := d.Properties[f.name]
			if !known {
				p = property{}
			}
			fmt.Fprintf(&out, "%s %s%s\n", f.name, typeText(f.f.Type), attributes(f, p))
		}
	}

	writeText("k8s/schema_data.h", "k8s", "kSchemaText", out.String())
}

// writeText writes a text as a C++ constant.
func writeText(header, namespace, name, text string) {
	fmt.Println("// Generated by tools/k8s-schema from Kubernetes v1.37.2: do not edit.")
	fmt.Printf("#include \"%s\"\n", header)
	fmt.Printf("namespace shipit::%s {\n", namespace)
	fmt.Printf("const char* const %s =\n", name)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i += 40 {
		end := min(i+40, len(lines))
		fmt.Printf("R\"~(%s\n)~\"\n", strings.Join(lines[i:end], "\n"))
	}
	fmt.Println(";")
	fmt.Printf("}  // namespace shipit::%s\n", namespace)
}
