// Command helmlang compares Ship-it's template engine with Helm's: the names and types of all functions
// (functions.go), tables of templates with edge values (cases/*.txt), random typed templates from seeds
// (generate.go), and by property what no two runs print alike (properties.go).
//
//	helmlang -eval PATH_OF/helmlang_eval -n 50000 -seed 1,2
//	helmlang -eval … -t '{{ upper "x" }}'        one template
//	helmlang -eval … -write src/helm/functions/cases     the tables with Helm's answers, for `make test`
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// testCase is one request to the engine: a template, or the question for its functions.
type testCase struct {
	Template  string         `json:"t,omitempty"`
	Values    map[string]any `json:"v,omitempty"`
	Functions bool           `json:"functions,omitempty"`
}

type answer struct {
	Output *string `json:"o,omitempty"`
	Error  *string `json:"e,omitempty"`
}

func (a answer) String() string {
	switch {
	case a.Error != nil:
		return fmt.Sprintf("error %q", *a.Error)
	case a.Output != nil:
		return fmt.Sprintf("%q", *a.Output)
	}
	return "nothing"
}

// peer is a running helmlang_eval.
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
	sent := make(chan struct{})
	go func() {
		defer close(sent)
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
	<-sent
	return answers, nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "helmlang:", err)
		os.Exit(2)
	}
}

// An address, or what functions on texts left of the one that the context holds.
var pointer = regexp.MustCompile(` *0x[0-9a-f]{9,12} *|Capabilities:0x[^ \]]*`)

// clean makes texts comparable with those that came as JSON: bytes that are no UTF-8 become U+FFFD there.
// Addresses of pointers are no two times the same, nor as long, which changes what they are padded with.
func clean(a answer) string {
	text, err := json.Marshal(a)
	check(err)
	var back answer
	check(json.Unmarshal(pointer.ReplaceAll(text, []byte("POINTER")), &back))
	return back.String()
}

var regexOnBytes = regexp.MustCompile(`egex.*\\x(ff|e4)|\\x(ff|e4).*egex`)

// The context printed whole, whose addresses are as long as the heap is far away, and its length taken.
var measured = regexp.MustCompile(`(print|println|printf|urlquery|html|js|quote|toString|cat) ([^{}]*[ (])?[.$]([ )|][^{}]*)?\blen\b|\blen [^{}]*(print|println|printf|urlquery|html|js|quote|toString|cat) ([^{}]*[ (])?[.$][ )|]`)
var digits = regexp.MustCompile(`[0-9]+`)

func onlyNumbersDiffer(a, b answer) bool {
	return a.Output != nil && b.Output != nil && digits.ReplaceAllString(*a.Output, "#") == digits.ReplaceAllString(*b.Output, "#")
}

// isJustified: RE2 and Go's regexp see bytes that are no UTF-8 differently at an edge of a match. A Go slice may be cut
// past its length into its capacity, which depends on how it grew; the engine's lists have no capacity and refuse that.
// And the length of a text with an address in it is Go's own affair.
func isJustified(template string, want, ours answer) bool {
	return regexOnBytes.MatchString(template) || measured.MatchString(template) && onlyNumbersDiffer(want, ours) ||
		ours.Error != nil && strings.Contains(*ours.Error, "slice index out of bounds")
}

// comparison counts cases and prints the first differences.
type comparison struct {
	mutex     sync.Mutex
	cases     int
	different int
	justified int
	show      int
	shown     int
}

func (c *comparison) report(format string, args ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.different++
	if c.shown++; c.shown <= c.show {
		fmt.Printf(format, args...)
	}
}

func (c *comparison) templates(p *peer, templates []string) {
	cases := make([]testCase, len(templates))
	for i, t := range templates {
		cases[i] = testCase{Template: t, Values: values()}
	}
	got, err := p.ask(cases)
	check(err)
	for i, t := range templates {
		slow := time.AfterFunc(5*time.Second, func() { fmt.Printf("slow in Helm: %s\n", t) })
		want := reference(t, values())
		slow.Stop()
		if clean(want) != clean(got[i]) {
			if clean(want) != clean(reference(t, values())) {
				continue // an address of Helm's went into a hash or an encoding
			}
			if isJustified(t, want, got[i]) {
				c.mutex.Lock()
				c.justified++
				c.mutex.Unlock()
				continue
			}
			c.report("--- %s\n  helm %s\n  ours %s\n", t, want, got[i])
		}
	}
	c.mutex.Lock()
	c.cases += len(templates)
	c.mutex.Unlock()
}

func main() {
	eval := flag.String("eval", "", "path of helmlang_eval")
	count := flag.Int("n", 50000, "generated templates, all seeds together")
	seeds := flag.String("seed", fmt.Sprint(time.Now().UnixNano()%1e9), "seeds of the generator, with commas")
	show := flag.Int("show", 40, "differences to print for each source")
	one := flag.String("t", "", "compare this template only")
	write := flag.String("write", "", "folder to write the tables with Helm's answers to")
	written := flag.String("written", "", "folder of such tables, which must be up to date")
	jobs := flag.Int("jobs", runtime.NumCPU(), "engines at work")
	flag.Parse()
	os.Setenv("TZ", "UTC")
	time.Local = time.UTC
	if *write != "" {
		check(writeTables(*write))
		return
	}
	p := startPeer(*eval)
	failed := false
	source := func(name string, run func(*comparison)) {
		c := &comparison{show: *show}
		run(c)
		fmt.Printf("%s: %d cases, %d identical, %d different", name, c.cases, c.cases-c.different-c.justified, c.different+c.justified)
		if c.justified > 0 {
			fmt.Printf(", of them %d known", c.justified)
		}
		fmt.Println()
		failed = failed || c.different > 0
	}
	if *one != "" {
		source("one", func(c *comparison) { c.templates(p, []string{*one}) })
	} else {
		source("functions", func(c *comparison) { compareFunctions(c, p) })
		source("table", func(c *comparison) { c.templates(p, allCases()) })
		if *written != "" {
			source("written tables", func(c *comparison) { compareTables(c, *written) })
		}
		source("properties", func(c *comparison) { compareProperties(c, p) })
		list := strings.Split(*seeds, ",")
		source("generated", func(c *comparison) { generated(c, *eval, list, *count/len(list), *jobs) })
		fmt.Println("seeds", *seeds)
	}
	if failed {
		os.Exit(1)
	}
}

// generated compares `count` templates of each seed. They come in batches of their own seeds, so that what a
// seed gives does not depend on the number of jobs.
func generated(c *comparison, eval string, seeds []string, count, jobs int) {
	const batch = 500
	type part struct {
		seed int64
		size int
	}
	parts := make(chan part)
	var workers sync.WaitGroup
	for range jobs {
		workers.Add(1)
		go func() {
			defer workers.Done()
			p := startPeer(eval)
			for part := range parts {
				g := newGenerator(part.seed)
				templates := make([]string, part.size)
				for i := range templates {
					templates[i] = g.template()
				}
				c.templates(p, templates)
			}
		}()
	}
	for _, text := range seeds {
		seed, err := strconv.ParseInt(text, 10, 64)
		check(err)
		for done := 0; done < count; done += batch {
			parts <- part{seed*1_000_003 + int64(done/batch), min(batch, count-done)}
		}
	}
	close(parts)
	workers.Wait()
}
