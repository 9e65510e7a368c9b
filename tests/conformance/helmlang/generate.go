package main

import (
	"math/rand"
	"strconv"
	"strings"
)

// generator composes templates of typed expressions: mostly of the types that functions want, sometimes not.
type generator struct{ *rand.Rand }

// signature: argument types and result, one letter each: s string, i int, n any number, f float64, b bool, m map,
// l list, d a map of its own, c a count that stays small, a anything. A * repeats the letter before it.
type signature struct {
	name, args string
	result     byte
}

var signatures = []signature{
	{"abbrev", "is", 's'}, {"abbrevboth", "iis", 's'}, {"add", "nn*", 'n'}, {"add1", "n", 'n'}, {"add1f", "n", 'f'},
	{"addf", "nn*", 'f'}, {"adler32sum", "s", 's'}, {"all", "a*", 'b'}, {"and", "aa*", 'a'}, {"any", "a*", 'b'},
	{"append", "la", 'l'}, {"atoi", "s", 'i'}, {"b32dec", "s", 's'}, {"b32enc", "s", 's'}, {"b64dec", "s", 's'},
	{"b64enc", "s", 's'}, {"base", "s", 's'}, {"biggest", "nn*", 'n'}, {"camelcase", "s", 's'}, {"cat", "a*", 's'},
	{"ceil", "n", 'f'}, {"chunk", "il", 'l'}, {"clean", "s", 's'}, {"coalesce", "aa*", 'a'}, {"compact", "l", 'l'},
	{"concat", "ll*", 'l'}, {"contains", "ss", 'b'}, {"deepCopy", "a", 'a'}, {"deepEqual", "aa", 'b'},
	{"default", "aa", 'a'}, {"dict", "sasa", 'm'}, {"dig", "ssam", 'a'}, {"dir", "s", 's'}, {"div", "nn", 'n'},
	{"divf", "nn", 'f'}, {"duration", "a", 's'}, {"durationRound", "a", 's'}, {"durationSeconds", "a", 'f'},
	{"durationMilliseconds", "a", 'n'}, {"durationHours", "a", 'f'}, {"durationRoundTo", "aa", 'a'},
	{"empty", "a", 'b'}, {"eq", "aa", 'b'}, {"ext", "s", 's'}, {"first", "l", 'a'}, {"float64", "a", 'f'},
	{"floor", "n", 'f'}, {"fromJson", "s", 'm'}, {"fromJsonArray", "s", 'l'}, {"fromYaml", "s", 'm'},
	{"fromYamlArray", "s", 'l'}, {"ge", "nn", 'b'}, {"get", "ms", 'a'}, {"gt", "nn", 'b'}, {"has", "al", 'b'},
	{"hasKey", "ms", 'b'}, {"hasPrefix", "ss", 'b'}, {"hasSuffix", "ss", 'b'}, {"html", "a", 's'},
	{"indent", "cs", 's'}, {"index", "li", 'a'}, {"index", "ms", 'a'}, {"initial", "l", 'l'}, {"initials", "s", 's'},
	{"int", "a", 'i'}, {"int64", "a", 'n'}, {"join", "sl", 's'}, {"js", "a", 's'}, {"kebabcase", "s", 's'},
	{"kindIs", "sa", 'b'}, {"kindOf", "a", 's'}, {"last", "l", 'a'}, {"le", "nn", 'b'}, {"len", "a", 'i'},
	{"list", "aaa", 'l'}, {"lower", "s", 's'}, {"lt", "nn", 'b'}, {"max", "nn*", 'n'}, {"maxf", "nn*", 'f'},
	{"merge", "dm", 'm'}, {"mergeOverwrite", "dm", 'm'}, {"min", "nn*", 'n'}, {"minf", "nn*", 'f'}, {"mod", "nn", 'n'},
	{"mul", "nn*", 'n'}, {"mulf", "nn", 'f'}, {"mustFromJson", "s", 'a'}, {"mustToDuration", "a", 'a'}, {"ne", "aa", 'b'},
	{"nindent", "cs", 's'}, {"nospace", "s", 's'}, {"not", "a", 'b'}, {"omit", "ms", 'm'}, {"or", "aa*", 'a'},
	{"pick", "ms", 'm'}, {"pluck", "sm", 'l'}, {"plural", "ssi", 's'}, {"prepend", "la", 'l'}, {"print", "aa*", 's'},
	{"println", "a*", 's'}, {"quote", "a", 's'}, {"regexQuoteMeta", "s", 's'}, {"repeat", "cs", 's'},
	{"replace", "sss", 's'}, {"rest", "l", 'l'}, {"reverse", "l", 'l'}, {"round", "ni", 'f'}, {"seq", "cc", 's'},
	{"set", "dsa", 'm'}, {"sha1sum", "s", 's'}, {"sha256sum", "s", 's'}, {"slice", "lii", 'l'}, {"snakecase", "s", 's'},
	{"sortAlpha", "l", 'l'}, {"split", "ss", 'a'}, {"splitList", "ss", 'l'}, {"splitn", "sis", 'a'}, {"squote", "a", 's'},
	{"sub", "nn", 'n'}, {"subf", "nn", 'f'}, {"substr", "iis", 's'}, {"swapcase", "s", 's'}, {"ternary", "aab", 'a'},
	{"title", "s", 's'}, {"toDecimal", "a", 'n'}, {"toJson", "a", 's'}, {"toPrettyJson", "a", 's'}, {"toRawJson", "a", 's'},
	{"toString", "a", 's'}, {"toStrings", "a", 'l'}, {"toYaml", "a", 's'}, {"trim", "s", 's'}, {"trimAll", "ss", 's'},
	{"trimPrefix", "ss", 's'}, {"trimSuffix", "ss", 's'}, {"trunc", "is", 's'}, {"typeIs", "sa", 'b'}, {"typeOf", "a", 's'},
	{"uniq", "l", 'l'}, {"unset", "ms", 'm'}, {"until", "c", 'l'}, {"untilStep", "ccc", 'l'}, {"untitle", "s", 's'},
	{"upper", "s", 's'}, {"urlParse", "s", 'm'}, {"urlquery", "a", 's'}, {"without", "la", 'l'}, {"wrap", "is", 's'},
	{"wrapWith", "iss", 's'}, {"semverCompare", "ss", 'b'},
}

var leaves = map[byte][]string{
	's': {`"abc"`, `""`, `"Hello World"`, `"a,b,c"`, `"12"`, `"1.50"`, `"a b  c"`, `"žluť 世界"`, `"x\ny"`, `.Values.s`, `.Values.e`,
		`.Values.uni`, `.Values.yaml`, `.Values.json`, `.Values.multi`, `.Release.Name`, `"1h30m"`, `"key: value"`, `"[1, 2]"`,
		`"1.2.3"`, `">=1.2"`, `"aGVsbG8="`, `"http://u:p@h:1/p?q#f"`, `"HTTPServer2xx"`, `"%s"`, `"<no value>"`},
	'i': {`0`, `1`, `2`, `3`, `-1`, `7`, `10`, `(int .Values.n)`, `(len .Values.l)`},
	'n': {`0`, `1`, `-3`, `2.5`, `1e3`, `.Values.n`, `.Values.f`, `.Values.neg`, `.Values.big`, `"7"`, `0x10`, `(int64 5)`},
	'f': {`1.5`, `-0.25`, `.Values.f`, `.Values.n`, `1e10`, `3.0`},
	'b': {`true`, `false`, `.Values.t`, `.Values.no`},
	'm': {`.Values.m`, `.Values.em`, `(dict "a" 1 "b" "x")`, `(dict)`, `.Values.m.c`, `.Values`, `(dict "a" (dict "d" nil) "l" (list 1))`},
	// Helm makes as much of something as it is told, until memory ends.
	'c': {`0`, `1`, `2`, `3`, `-1`, `7`, `10`, `(int .Values.n)`, `(len .Values.l)`, `"4"`, `nil`, `2.5`},
	// Fresh ones, for what changes its argument: Helm does not survive a map that holds itself.
	'd': {`(dict "a" 1 "b" "x")`, `(dict)`, `(dict "a" (dict "d" nil) "l" (list 1))`, `(deepCopy .Values.m)`},
	'l': {`.Values.l`, `.Values.mixed`, `.Values.nums`, `.Values.el`, `(list 1 2 3)`, `(list)`, `(list "b" "a" nil)`, `(until 3)`,
		`.Values.list2`, `(splitList "," "x,y")`},
}

var formats = []string{"%v", "%s", "%d", "%q", "%x", "%5v", "%-6v|", "%05d", "%.2f", "%8.3f", "%g", "%e", "%+v", "%#v", "%T", "%t",
	"%c", "%U", "%o", "%b", "%X", "% x", "%6.2v", "%+d", "%[1]v %[1]T"}

const kinds = "sinfbml"

func (g generator) pick(list []string) string { return list[g.Intn(len(list))] }

func (g generator) expression(kind byte, depth int) string {
	if kind == 'd' || kind == 'c' {
		return g.pick(leaves[kind])
	}
	if kind == 'a' || g.Intn(25) == 0 { // sometimes a type that does not fit
		kind = kinds[g.Intn(len(kinds))]
		if g.Intn(20) == 0 {
			return g.pick([]string{"nil", ".Values.missing", ".Values.nil", ".Values.missing.x"})
		}
	}
	if depth <= 0 || g.Intn(4) == 0 {
		return g.pick(leaves[kind])
	}
	for try := 0; try < 30; try++ {
		s := signatures[g.Intn(len(signatures))]
		if s.result != kind && !(kind == 'n' && (s.result == 'i' || s.result == 'f')) && !(s.result == 'a' && g.Intn(12) == 0) {
			continue
		}
		return "(" + g.call(s, depth-1) + ")"
	}
	return g.pick(leaves[kind])
}

func (g generator) call(s signature, depth int) string {
	if s.name == "print" && g.Intn(2) == 0 {
		return "printf " + strconv.Quote(g.pick(formats)) + " " + g.expression('a', depth)
	}
	var args []string
	for i := 0; i < len(s.args); i++ {
		repeat := 1
		if i+1 < len(s.args) && s.args[i+1] == '*' {
			repeat = g.Intn(3)
		}
		if s.args[i] == '*' {
			continue
		}
		for range repeat {
			args = append(args, g.expression(s.args[i], depth))
		}
	}
	if len(args) > 0 && g.Intn(5) == 0 { // the last one through a pipe
		last := args[len(args)-1]
		if last != "nil" && !strings.HasPrefix(last, `"`) || g.Intn(2) == 0 {
			return strings.TrimSpace(last + " | " + s.name + " " + strings.Join(args[:len(args)-1], " "))
		}
	}
	return strings.TrimSpace(s.name + " " + strings.Join(args, " "))
}

func (g generator) template() string {
	s := signatures[g.Intn(len(signatures))]
	inner := g.call(s, 2)
	switch g.Intn(12) {
	case 0:
		return "{{ if " + inner + " }}yes{{ else }}no{{ end }}"
	case 1:
		return "{{ with " + inner + " }}{{ . }}{{ else }}none{{ end }}"
	case 2:
		return "{{ range $i, $e := " + inner + " }}{{ $i }}={{ $e }};{{ else }}none{{ end }}"
	case 3:
		return "{{ $x := " + inner + " }}{{ $x }}|{{ typeOf $x }}"
	case 4:
		return "{{ define \"t\" }}<{{ . }}>{{ end }}{{ include \"t\" (" + inner + ") }}"
	case 5:
		return "{{ (" + inner + ").a }}"
	}
	return "{{ " + inner + " }}"
}
