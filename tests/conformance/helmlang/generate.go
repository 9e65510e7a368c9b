package main

import (
	"fmt"
	"math/rand"
	"regexp"
	"strconv"
	"strings"
)

// generator composes templates of typed expressions: mostly of the types that functions want, sometimes not.
type generator struct {
	*rand.Rand
	variables []variable // in scope
	dot       byte       // the kind of "."; 0: the top
	named     int        // templates defined and variables declared so far
	templates []string
}

type variable struct {
	name string
	kind byte
}

func newGenerator(seed int64) *generator { return &generator{Rand: rand.New(rand.NewSource(seed))} }

func (g *generator) pick(list []string) string { return list[g.Intn(len(list))] }

// chance is true once in n times.
func (g *generator) chance(n int) bool { return g.Intn(n) == 0 }

// expression is an operand of that kind: a literal, a value, a variable or a call in parentheses.
func (g *generator) expression(kind byte, depth int) string {
	if isLeafOnly(kind) && (kind == 'I' || !g.chance(30)) {
		return g.leaf(kind)
	}
	if kind == 'a' || g.chance(25) { // sometimes a type that does not fit
		kind = kinds[g.Intn(len(kinds))]
		if g.chance(20) {
			return g.pick([]string{"nil", ".Values.missing", "$.Values.nil", "$.Values.missing.x", ".", "$", "(index $.Values \"nil\")"})
		}
	}
	if len(g.variables) > 0 && g.chance(5) {
		v := g.variables[g.Intn(len(g.variables))]
		if v.kind == kind || g.chance(6) {
			return v.name
		}
	}
	if g.dot == kind && g.chance(3) {
		return "."
	}
	if depth <= 0 || g.chance(4) {
		return g.leaf(kind)
	}
	for range 40 {
		s := signatures[g.Intn(len(signatures))]
		fits := s.result == kind || kind == 'n' && (s.result == 'i' || s.result == 'f' || s.result == 'D') || s.result == 'a' && g.chance(12)
		if fits {
			return "(" + g.call(s, depth-1) + ")"
		}
	}
	return g.leaf(kind)
}

// collection is a list or map for sure: Helm counts up to any number it is told to range over.
func (g *generator) collection(depth int) string {
	kind := g.pick([]string{"l", "m"})[0]
	for range 40 {
		if s := signatures[g.Intn(len(signatures))]; s.result == kind && !strings.HasPrefix(s.name, "$.Files.Lines") {
			return "(" + g.call(s, depth-1) + ")"
		}
	}
	return g.leaf(kind)
}

func (g *generator) leaf(kind byte) string {
	if kind == 'a' {
		kind = kinds[g.Intn(len(kinds))]
	}
	switch {
	case kind == 's' && g.chance(8):
		return strconv.Quote(g.text())
	case kind == 'n' && g.chance(6):
		return g.number()
	case kind == 'C' && g.chance(2):
		return strconv.Quote(g.constraint())
	case kind == 'v' && g.chance(2):
		return strconv.Quote(g.version())
	case kind == 'r' && g.chance(3):
		return strconv.Quote(g.regex(2))
	case kind == 'T' && g.chance(2):
		return strconv.Quote(g.toml())
	case kind == 'y' && g.chance(2):
		return strconv.Quote(g.layout())
	}
	leaf := g.pick(leaves[kind])
	if g.dot != 0 { // the top is elsewhere
		leaf = strings.ReplaceAll(strings.ReplaceAll(leaf, "(.", "($."), " .", " $.")
		if strings.HasPrefix(leaf, ".") {
			leaf = "$" + leaf
		}
	}
	return leaf
}

// call is a function with its arguments, without parentheses.
func (g *generator) call(s signature, depth int) string {
	if s.name == "print" && g.chance(2) {
		return g.printf(depth)
	}
	var args []string
	for i := 0; i < len(s.args); i++ {
		if s.args[i] == '*' {
			continue
		}
		repeat := 1
		if i+1 < len(s.args) && s.args[i+1] == '*' {
			repeat = g.Intn(3)
		}
		for range repeat {
			args = append(args, g.expression(s.args[i], depth))
		}
	}
	switch {
	case g.chance(60):
		extra := byte('a')
		if strings.Contains(s.args, "c") { // seq to 1e10 is made whole by Helm, until the memory is full
			extra = 'c'
		}
		args = append(args, g.expression(extra, 0))
	case g.chance(60) && len(args) > 0:
		args = args[1:]
	}
	if strings.Contains(s.name, "%") {
		text := s.name
		for _, a := range args {
			text = strings.Replace(text, "%", a, 1)
		}
		return strings.ReplaceAll(text, "%", `"x"`)
	}
	if len(args) > 0 && g.chance(5) { // the last one through a pipe
		last := args[len(args)-1]
		return strings.TrimSpace(last + " | " + s.name + " " + strings.Join(args[:len(args)-1], " "))
	}
	return strings.TrimSpace(s.name + " " + strings.Join(args, " "))
}

// What may hold a date or the capabilities: with verbs for numbers these print the addresses in them.
var showsPointers = regexp.MustCompile(`(?i)date|\$|Capabilities|\.[ )|]|\.$|\.Local|\.UTC|toml`)

var (
	argumentIndex = regexp.MustCompile(`\[\d\]`)
	plainVerb     = regexp.MustCompile(`%[-+# 0]*\d*(\.\d*)?`)
)

func (g *generator) printf(depth int) string {
	var format strings.Builder
	var args []string
	for range 1 + g.Intn(3) {
		format.WriteString(g.pick([]string{"", "", " ", "|", "%%", "é"}))
		format.WriteByte('%')
		for range g.Intn(3) {
			format.WriteString(g.pick([]string{"+", "-", "#", "0", " "}))
		}
		if g.chance(12) {
			fmt.Fprintf(&format, "[%d]", g.Intn(4))
		}
		if g.chance(3) {
			if g.chance(6) {
				format.WriteByte('*')
				args = append(args, g.expression('i', 0))
			} else {
				fmt.Fprint(&format, g.Intn(14))
			}
		}
		if g.chance(4) {
			fmt.Fprintf(&format, ".%s", g.pick([]string{"", "0", "1", "2", "3", "6", "12"}))
		}
		arg := g.expression('a', depth)
		verbs := []string{"v", "v", "s", "d", "q", "x", "X", "f", "g", "e", "E", "G", "F", "t", "c", "U", "o", "O", "b", "T", "w", "z", ""}
		if showsPointers.MatchString(arg) {
			verbs = verbs[:3]
		}
		format.WriteString(g.pick(verbs))
		args = append(args, arg)
	}
	if g.chance(15) {
		args = append(args, g.leaf('s'))
	}
	text, all := format.String(), strings.Join(args, " ")
	if showsPointers.MatchString(all) {
		text = plainVerb.ReplaceAllString(argumentIndex.ReplaceAllString(text, ""), "%")
	}
	return "printf " + strconv.Quote(text) + " " + all
}

// Texts with a grammar of their own.

func (g *generator) text() string {
	var out strings.Builder
	for range g.Intn(8) {
		out.WriteString(g.pick([]string{"a", "B", "z9", " ", "  ", "\n", "\t", "-", "_", ".", ",", "/", ":", "#", "é", "ß", "İ", "世", "😀",
			"ǆ", "\u00a0", "\u2028", "\u0301", "\ufeff", "\xff", "\xe4\xb8", "\x00", "\x7f", "\u0085", "'", "\"", "\\", "<&>", "%", "$1",
			"{{", "}}", "0", "1e3", "true", "null", "~", "yes", "=", "[", "{", "!", "|", ">", "@", "`", "*", "&", "?", "+", "\r\n"}))
	}
	return out.String()
}

func (g *generator) number() string {
	switch g.Intn(9) {
	case 0:
		return fmt.Sprint(g.Int63())
	case 1:
		return fmt.Sprint(-g.Int63n(1 << uint(1+g.Intn(62))))
	case 2:
		return strconv.FormatFloat(g.NormFloat64()*100, 'g', 1+g.Intn(17), 64)
	case 3:
		return fmt.Sprintf("%.*e", g.Intn(6), g.NormFloat64()*1e10)
	case 4:
		return fmt.Sprintf("1e%d", g.Intn(330)-10)
	case 5:
		return strconv.Quote(g.pick([]string{"0x1F", "1_000", "-0", "1e3", " 5", "0o17", "017", "0b11", "+7", "NaN", "-Inf", "1.", ".5",
			"9223372036854775808", "-9223372036854775808", "1e400", "0x1p-2", "٣", "1,000"}))
	case 6:
		return g.pick([]string{"'a'", "'\\n'", "'世'", "0b101", "0o17", "017", "0x1p4", "1_000", "9223372036854775807", "-9223372036854775808",
			"18446744073709551615", "9223372036854775808", "1i", "0x", "1e", "-0.0"})
	case 7:
		return fmt.Sprintf("(duration %d)", g.Intn(100000))
	default:
		return fmt.Sprint(g.Intn(200) - 100)
	}
}

func (g *generator) version() string {
	out := g.pick([]string{"", "", "", "v", "V", "=", " "})
	for i := range 1 + g.Intn(4) {
		if i > 0 {
			out += "."
		}
		out += g.pick([]string{"0", "1", "2", "3", "10", "01", "x", "12345678901234567890"})
		if i == 2 && !g.chance(5) {
			break
		}
	}
	if g.chance(3) {
		out += "-" + g.pick([]string{"0", "alpha", "alpha.1", "rc.01", "beta-2", "é", "", "1.2.3", "a..b"})
	}
	if g.chance(4) {
		out += "+" + g.pick([]string{"b5", "20240101", "a.b", "", "é"})
	}
	return out
}

func (g *generator) constraint() string {
	var out strings.Builder
	for i := range 1 + g.Intn(3) {
		if i > 0 {
			out.WriteString(g.pick([]string{" ", ", ", ",", " || ", "||", " - ", "  "}))
		}
		out.WriteString(g.pick([]string{"", "", "=", "!=", ">", "<", ">=", "<=", "=>", "=<", "~", "~>", "^", ">>", "== "}))
		out.WriteString(g.pick([]string{"", "", " "}))
		v := g.version()
		if g.chance(5) {
			v = g.pick([]string{"*", "1.x", "1.2.x", "X", "1.*", "0", "v1", "1.x.2"})
		}
		out.WriteString(v)
	}
	return out.String()
}

func (g *generator) regex(depth int) string {
	if depth == 0 {
		return g.pick([]string{"a", "b", "o", ".", "\\w", "\\d", "\\s", "[a-c]", "[^l]", "^", "$", "\\b", "x", "[[:alpha:]]", "\\pL", "é", "世",
			"\\.", " ", "\\S", "(?i)W", "\\B", "\\A", "\\z", "l+", "\\x41", "\\x{4e16}", "[\\d-]", "\\Q.\\E", "(?s).", "\\n"})
	}
	switch g.Intn(9) {
	case 0:
		return "(" + g.regex(depth-1) + ")"
	case 1:
		return "(?:" + g.regex(depth-1) + "|" + g.regex(depth-1) + ")"
	case 2:
		return g.regex(depth-1) + g.pick([]string{"*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{2,1}", "**", "{1001}"})
	case 3:
		return "(?P<n>" + g.regex(depth-1) + ")"
	case 4:
		return g.pick([]string{"(", ")", "[", "a{", "\\8", "(?<n>x)", "(?=x)", "[z-a]", "\\", "[[:foo:]]", "\\pX", "(?z)", "+", "|", ""})
	default:
		return g.regex(depth-1) + g.regex(depth-1)
	}
}

func (g *generator) toml() string {
	var out strings.Builder
	key := func() string {
		return g.pick([]string{"a", "b", "c", "a.b", "\"q k\"", "'r'", "1", "-", "é", "\"\"", "b.c", "a . b", "\"\\u00e9\"", "x y", "."})
	}
	var value func(depth int) string
	value = func(depth int) string {
		if depth > 0 && g.chance(3) {
			parts := []string{}
			for range g.Intn(3) {
				parts = append(parts, value(depth-1))
			}
			if g.chance(2) {
				return "[" + strings.Join(parts, g.pick([]string{", ", ",", ",\n", " , # c\n", ""})) + g.pick([]string{"]", "]", ",]", ", ]", ""})
			}
			for i := range parts {
				parts[i] = key() + " = " + parts[i]
			}
			return "{" + strings.Join(parts, g.pick([]string{", ", ",\n", ";"})) + g.pick([]string{"}", "}", ",}", ""})
		}
		return g.pick([]string{"1", "-2", "+3", "0x1F", "0o7", "0b1", "1_000", "1__0", "01", "1.5", "-0.0", "1e3", "1.e3", ".5", "inf", "-nan",
			"+inf", "nan", "ian", "inx", "true", "false", "tru", "\"s\"", "\"a\\tb\\u00e9\"", "\"\\x41\\e\"", "\"\\q\"", "'raw\\n'", "\"\"",
			"\"\"\"m\nn \\\n  o\"\"\"", "'''\nx''y'''", "\"\"\"a\"\"\"\"", "\"open", "1979-05-27", "1979-05-27T07:32:00Z",
			"1979-05-27 07:32:00.5", "1979-05-27T07:32:00-07:00", "07:32:00", "7:32:00", "07:32", "1979-13-01", "9223372036854775807",
			"9223372036854775808", "1e400", "\"\\ud800\"", "\"x\ny\"", "", "1 2", "\"\\u12\"", "0x", "0b2", "--1", "-0x1", "1_", "é"})
	}
	for range 1 + g.Intn(4) {
		switch g.Intn(8) {
		case 0:
			out.WriteString("[" + key() + "]")
		case 1:
			out.WriteString("[[" + key() + "]]")
		case 2:
			out.WriteString("# " + g.pick([]string{"c", "é", "\x01", "\xff"}))
		case 3:
			out.WriteString(g.pick([]string{"[a", "[[a]", "[]", "= 1", "a", "a =", "a b = 1", "[a.]", "[a.b", "\x00", "\r", "a = 1 # c", " \t"}))
		default:
			out.WriteString(key() + g.pick([]string{" = ", "=", "\t=  "}) + value(2))
		}
		out.WriteString(g.pick([]string{"\n", "\n", "\n", "\r\n", " \n\n", ""}))
	}
	return out.String()
}

func (g *generator) layout() string {
	var out strings.Builder
	for range 1 + g.Intn(6) {
		out.WriteString(g.pick([]string{"2006", "06", "01", "1", "Jan", "January", "02", "2", "_2", "002", "__2", "15", "03", "3", "04", "4", "05",
			"5", ".000", ",999", ".9", "PM", "pm", "MST", "Z07:00", "-0700", "-07", "Z0700", "-07:00:00", "Mon", "Monday", "T", " ", "-", ":",
			"x", "é"}))
	}
	return out.String()
}

// Statements.

// template is a whole one: one to three statements.
func (g *generator) template() string {
	g.variables, g.dot, g.named, g.templates = nil, 0, 0, nil
	var out strings.Builder
	count := 1
	if g.chance(4) {
		count += 1 + g.Intn(3)
	}
	for range count {
		out.WriteString(g.statement(2))
	}
	return out.String()
}

func (g *generator) action(inner string) string {
	left, right := "{{ ", " }}"
	if g.chance(12) {
		left = g.pick([]string{"{{- ", "{{", " \n{{- ", "{{/* c */}}{{ "})
		right = g.pick([]string{" -}}\n ", "}}", " -}} x"})
		if strings.HasSuffix(inner, "}") || strings.HasPrefix(inner, "{") {
			left, right = "{{ ", " }}"
		}
	}
	return left + inner + right
}

// value is a call of any function, more seldom an operand.
func (g *generator) value(depth int) (string, byte) {
	if g.chance(15) {
		kind := kinds[g.Intn(len(kinds))]
		return g.leaf(kind), kind
	}
	s := signatures[g.Intn(len(signatures))]
	return g.call(s, depth), s.result
}

func (g *generator) statement(depth int) string {
	scope := len(g.variables)
	inner, kind := g.value(2)
	body := func(dot byte) string {
		outer := g.dot
		if dot != 0 {
			g.dot = dot
		}
		defer func() { g.dot = outer }()
		if depth == 0 || g.chance(2) {
			return g.pick([]string{"x", g.action("."), g.action(g.call(signatures[g.Intn(len(signatures))], 1))})
		}
		return g.statement(depth - 1)
	}
	end := func(text string) string {
		g.variables = g.variables[:scope]
		return text + g.action("end")
	}
	switch g.Intn(22) {
	case 0, 1:
		out := g.action("if "+inner) + body(0)
		if g.chance(2) {
			out += g.action("else if "+g.expression('b', 1)) + body(0)
		}
		if g.chance(2) {
			out += g.action("else") + body(0)
		}
		return end(out)
	case 2, 3:
		if g.chance(2) {
			inner = g.declare(kind) + " := " + inner
		}
		out := g.action("with "+inner) + body(kind)
		if g.chance(3) {
			out += g.action("else with "+g.expression('a', 1)) + body('a')
		} else if g.chance(2) {
			out += g.action("else") + "none"
		}
		return end(out)
	case 4, 5, 6:
		over, element := g.collection(2), byte('a')
		if g.chance(5) {
			over, element = g.leaf('c'), 'i'
		}
		switch g.Intn(3) {
		case 0:
			over = g.declare(element) + " := " + over
		case 1:
			over = g.declare('a') + ", " + g.declare(element) + " := " + over
		}
		out := g.action("range " + over)
		if g.chance(5) {
			out += g.action("if "+g.expression('b', 1)) + g.action(g.pick([]string{"break", "continue"})) + g.action("end")
		}
		out += body(element) + ";"
		if g.chance(3) {
			out += g.action("else") + "none"
		}
		return end(out)
	case 7:
		name := g.declare(kind)
		return g.action(name+" := "+inner) + g.action(name) + "|" + g.action("typeOf "+name) + body(0)
	case 8:
		if len(g.variables) == 0 {
			break
		}
		v := g.variables[g.Intn(len(g.variables))]
		return g.action(v.name+" = "+inner) + g.action(v.name)
	case 9:
		g.named++
		name := fmt.Sprintf("t%d", g.named)
		saved := g.variables
		g.variables = nil
		defined := g.action("define \""+name+"\"") + "<" + body(kind) + ">" + g.action("end")
		g.variables = saved
		g.templates = append(g.templates, name)
		if g.chance(2) {
			return defined + g.action("include \""+name+"\" ("+inner+")"+g.pick([]string{"", " | upper", " | nindent 2", " | trim | quote"}))
		}
		return defined + g.action("template \""+name+"\" "+g.leaf('a'))
	case 10:
		source := g.pick([]string{"{{ . }}", "{{ .Values.s }}", "{{ .a }}", "{{ .Values.missing.x }}", "{{ .x", "{{ upper . }}", "{{ include \"t9\" . }}",
			"{{ range . }}{{ . }},{{ end }}", "{{ define \"t1\" }}T{{ end }}{{ template \"t1\" }}", "{{ fail \"f\" }}", "{{ tpl \"{{ .s }}\" . }}"})
		return g.action("tpl " + strconv.Quote(source) + " " + g.collection(1))
	case 11:
		return g.action("(" + inner + ")." + g.pick([]string{"a", "b.c", "c.d", "Name", "x"}) + " ")
	case 12:
		return g.action(inner + " | " + g.pick([]string{"quote", "toString", "toJson", "toYaml", "len", "kindOf", "default 1", "printf \"%v\"", "toYamlPretty",
			"squote", "trunc 5", "empty", "print", "html", "js", "not", "typeOf", "int", "float64", "toRawJson | nindent 2", "list | join \",\"", "first",
			"keys | sortAlpha", "toToml", "b64enc"}))
	case 13:
		if depth == 2 {
			g.named++
			return g.action(fmt.Sprintf("block \"b%d\" %s", g.named, g.leaf('a'))) + "<{{ . }}>" + g.action("end")
		}
	}
	if depth < 2 && kind == 't' {
		return g.action("(" + inner + `).Format "2006-01-02T15:04:05Z07:00"`)
	}
	return g.action(inner)
}

func (g *generator) declare(kind byte) string {
	g.named++
	name := fmt.Sprintf("$v%d", g.named)
	g.variables = append(g.variables, variable{name, kind})
	return name
}
