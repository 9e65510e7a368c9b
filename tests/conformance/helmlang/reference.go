package main

import (
	"encoding/json"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

// valuesText are the .Values every case sees; decoded anew for each, since templates change them.
const valuesText = `{"s":"hello World","e":"","n":3,"z":0,"neg":-7,"f":2.5,"big":1234567890123,"t":true,"no":false,"nil":null,` +
	`"l":["b","a","c"],"mixed":[1,"two",3.5,true,null,{"k":"v"}],"nums":[3,1,2],"el":[],"m":{"a":1,"b":"two","c":{"d":"deep"}},` +
	`"em":{},"yaml":"a: 1\nb: [x, y]","json":"{\"a\":[1,2.5,null]}","uni":"žluťoučký Kůň 世界 😀","ver":"1.2.3-rc.1+b5",` +
	`"multi":"one\ntwo\n","list2":[{"name":"x","v":1},{"name":"y","v":2}],"huge":1e300,"tiny":1e-7,"mil":1000000,` +
	`"toml":"x = 1\n[t]\ny = [1.5, 2]\n","deep":{"l":[{"m":{"n":[1,[2,{"o":null}]]}}]},"10":"ten","9":"nine"}`

func values() map[string]any {
	var v map[string]any
	check(json.Unmarshal([]byte(valuesText), &v))
	return v
}

// capabilities are those of a released Helm, whatever this program was built with.
func capabilities() *common.Capabilities {
	c := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion("v1.37.0")
	check(err)
	c.KubeVersion = *version
	c.HelmVersion.Version = "v4.3.1"
	c.HelmVersion.GitCommit, c.HelmVersion.GitTreeState = "", ""
	c.HelmVersion.GoVersion, c.HelmVersion.KubeClientVersion = "go1.26.8", "v1.37"
	return c
}

// reference is what Helm makes of a template.
func reference(template string, values map[string]any) answer {
	ch := &chart.Chart{
		Metadata:  &chart.Metadata{Name: "c", APIVersion: "v2", Version: "1.0.0"},
		Templates: []*common.File{{Name: "templates/t.yaml", Data: []byte(template)}},
		Files: []*common.File{{Name: "config/a.txt", Data: []byte("alpha\nbeta\n")},
			{Name: "config/b.yaml", Data: []byte("k: v\n")}, {Name: "data.bin", Data: []byte("\x01\xFFz")}},
	}
	top := common.Values{
		"Values":       common.Values(values),
		"Capabilities": capabilities(),
		"Release": map[string]any{"Name": "rel", "Namespace": "ns", "Service": "Helm", "Revision": 1,
			"IsInstall": true},
	}
	out, err := engine.Render(ch, top)
	if err != nil {
		text := err.Error()
		return answer{Error: &text}
	}
	text := out["c/templates/t.yaml"]
	return answer{Output: &text}
}
