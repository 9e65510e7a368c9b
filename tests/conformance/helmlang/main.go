// Command helmlang compares Ship-it's template engine with Helm's, case by case: a table of expressions with edge values
// (cases.go) and a seeded generator that composes random typed ones (generate.go).
//
//	go build -o helmlang . && ./helmlang -eval build/dev/tests/conformance/helmlang/helmlang_eval -n 50000 -seed 1
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

type testCase struct {
	Template string         `json:"t"`
	Values   map[string]any `json:"v"`
}

type answer struct {
	Output *string `json:"o,omitempty"`
	Error  *string `json:"e,omitempty"`
}

func (a answer) String() string {
	if a.Error != nil {
		return "error " + fmt.Sprintf("%q", *a.Error)
	}
	if a.Output != nil {
		return fmt.Sprintf("%q", *a.Output)
	}
	return "nothing"
}

// The values every case sees; decoded anew for each, since templates change them.
const valuesText = `{"s":"hello World","e":"","n":3,"z":0,"neg":-7,"f":2.5,"big":1234567890123,"t":true,"no":false,"nil":null,
"l":["b","a","c"],"mixed":[1,"two",3.5,true,null,{"k":"v"}],"nums":[3,1,2],"el":[],"m":{"a":1,"b":"two","c":{"d":"deep"}},
"em":{},"yaml":"a: 1\nb: [x, y]","json":"{\"a\":[1,2.5,null]}","uni":"žluťoučký Kůň 世界 😀","ver":"1.2.3-rc.1+b5","multi":"one\ntwo\n",
"list2":[{"name":"x","v":1},{"name":"y","v":2}]}`

func values() map[string]any {
	var v map[string]any
	if err := json.Unmarshal([]byte(valuesText), &v); err != nil {
		panic(err)
	}
	return v
}

// What Helm makes of a case.
func reference(c testCase) answer {
	ch := &chart.Chart{
		Metadata:  &chart.Metadata{Name: "c", APIVersion: "v2", Version: "1.0.0"},
		Templates: []*common.File{{Name: "templates/t.yaml", Data: []byte(c.Template)}},
	}
	top := common.Values{
		"Values":  common.Values(c.Values),
		"Release": map[string]any{"Name": "rel", "Namespace": "ns", "Service": "Helm", "Revision": 1, "IsInstall": true},
	}
	out, err := engine.Render(ch, top)
	if err != nil {
		text := err.Error()
		return answer{Error: &text}
	}
	text := out["c/templates/t.yaml"]
	return answer{Output: &text}
}

// known are the differences that are understood and not mended yet: they are counted and don't fail the run.
var known = []struct{ template, ours, why string }{
	{"toToml", "not defined", "TOML is not written yet"},
	{"fromToml", "not defined", "TOML is not read yet"},
	{"toYamlPretty", "not defined", "not written yet"},
	{"slice", "slice index out of bounds", "a Go slice reaches beyond its length into its capacity"},
	{"b32dec", "illegal base32 data", "Go counts the byte without the line ends before it"},
}

func isKnown(template string, ours answer) bool {
	for _, k := range known {
		if strings.Contains(template, k.template) && strings.Contains(ours.String(), k.ours) {
			return true
		}
	}
	return false
}

type peer struct {
	in  *bufio.Writer
	out *bufio.Scanner
}

func startPeer(path string) *peer {
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	in, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	cmd.Stderr = os.Stderr
	check(cmd.Start())
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 64<<20)
	return &peer{bufio.NewWriter(in), scanner}
}

func (p *peer) ask(cases []testCase) ([]answer, error) {
	go func() {
		for _, c := range cases {
			line, err := json.Marshal(c)
			check(err)
			p.in.Write(append(line, '\n'))
		}
		p.in.Flush()
	}()
	answers := make([]answer, 0, len(cases))
	for range cases {
		if !p.out.Scan() {
			return answers, fmt.Errorf("the engine stopped at %q", cases[len(answers)].Template)
		}
		var a answer
		check(json.Unmarshal(p.out.Bytes(), &a))
		answers = append(answers, a)
	}
	return answers, nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "helmlang:", err)
		os.Exit(2)
	}
}

// clean makes texts comparable with those that came as JSON: bytes that are no UTF-8 become U+FFFD there.
func clean(a answer) string {
	text, err := json.Marshal(a)
	check(err)
	var back answer
	check(json.Unmarshal(text, &back))
	return back.String()
}

func main() {
	eval := flag.String("eval", "", "path of helmlang_eval")
	count := flag.Int("n", 50000, "generated cases")
	seed := flag.Int64("seed", time.Now().UnixNano()%1e9, "of the generator")
	show := flag.Int("show", 40, "differences to print")
	one := flag.String("t", "", "compare this template only")
	flag.Parse()
	os.Setenv("TZ", "UTC")
	time.Local = time.UTC
	p := startPeer(*eval)
	different, understood := 0, 0
	run := func(source string, templates []string) {
		cases := make([]testCase, len(templates))
		for i, t := range templates {
			cases[i] = testCase{t, values()}
		}
		before, beforeKnown := different, understood
		for len(cases) > 0 {
			batch := cases[:min(len(cases), 500)]
			cases = cases[len(batch):]
			got, err := p.ask(batch)
			check(err)
			for i, c := range batch {
				want := reference(c)
				if clean(want) == clean(got[i]) {
					continue
				}
				different++
				if isKnown(c.Template, got[i]) {
					understood++
					continue
				}
				if different-understood <= *show {
					fmt.Printf("--- %s\n  helm %s\n  ours %s\n", c.Template, want, got[i])
				}
			}
		}
		fmt.Printf("%s: %d cases, %d identical, %d different, of them %d known\n", source, len(templates),
			len(templates)-(different-before), different-before, understood-beforeKnown)
	}
	if *one != "" {
		run("one", []string{*one})
	} else {
		run("table", table())
		fmt.Println("seed", *seed)
		g := generator{rand.New(rand.NewSource(*seed))}
		generated := make([]string, *count)
		for i := range generated {
			generated[i] = g.template()
		}
		run("generated", generated)
	}
	if different > understood {
		os.Exit(1)
	}
}
