package main

import "strings"

// Expressions, one a line; each is a case of its own in {{ }}, lines with {{ are taken as they are.
const expressions = `
.Values.s
.Values.missing
.Values.missing.more
.Values.s.more
.Values.nil.x
.Values.m.c.d
(.Values.m).c.d
.Values.n.x
$.Values.s
.Foo
.Values.Table "m"
.Values.AsMap.s
.Values.PathValue "m.b"
1
1.0
1e6
0x1F
0b101
0o17
017
1_000
'a'
'\n'
"a\tb\u00e9\x41"
` + "`raw\\n`" + `
1i
1+2i
9223372036854775808
99999999999999999999
nil
true
1.5e300
.Values.big
.Values.f
.Values.neg
len .Values.s
len .Values.missing
len .Values.n
len nil
len .Values.m
index .Values.l 1
index .Values.l 3
index .Values.l 4
index .Values.l -1
index .Values.l "a"
index .Values.m "c" "d"
index .Values.m 1
index .Values.s 0
index .Values.missing "a"
index .Values.m "zz" "d"
eq 1 1
eq 1 1.0
eq "a" "b" "a"
eq .Values.n 3
eq .Values.n 3.0
eq .Values.nil nil
eq .Values.missing nil
eq .Values.l .Values.l
eq 1
ne 1 "a"
lt 1 2
lt "a" "b"
lt 1 "b"
lt .Values.l .Values.l
le 2 2
gt 2.5 .Values.f
ge true false
not .Values.e
and 1 0 2
and true
or "" 0 "x"
or nil false
and .Values.missing (fail "never")
or .Values.s (fail "never")
call .Values.s
call nil
print 1 2 "a" 3 nil
println "a" 1
html "<a href='x'>&\"</a>"
js "it's <b> \"q\" = \u2028"
urlquery "a b&c=ü/"
printf "%s|%d|%v|%q|%x" "s" 5 1.5 "q\n" "hex"
printf "%5d|%-5d|%05d|%+d|% d|%x|%X|%o|%#o|%b|%c|%U|%#x" 42 42 42 42 42 255 255 8 8 5 65 65 255
printf "%f|%.2f|%8.3f|%e|%g|%G|%E" 3.14159 3.14159 3.14159 31415.9 1e21 1e-7 2.5
printf "%v %v %v" 1e6 1e20 1e21
printf "%t %v" true false
printf "%s" .Values.l
printf "%d" "x"
printf "%s" 5
printf "%d %d" 1
printf "%d" 1 2
printf "%!"
printf "%"
printf "%z" 1
printf "%[2]d %[1]d" 1 2
printf "%[3]d" 1
printf "%*d" 5 42
printf "%.*f" 2 3.14159
printf "%-10s|%10s|%.2s" "ab" "cd" "efg"
printf "%T %T %T %T %T" 1 "a" .Values.m .Values.l .Values.n
printf "%v" .Values.m
printf "%+v %#v" .Values.m .Values.l
printf "%v" .Values.mixed
printf "%q" .Values.l
printf "%s" nil
printf "%v" nil
printf "%d" nil
printf "%x" "héllo"
printf "% x|%# x|%X" "abc" "abc" "abc"
printf "%q|%+q|%#q" "日本" "日本" "日本"
printf "%c|%q|%U|%#U" 0x65E5 0x65E5 0x65E5 0x65E5
printf "%t" 1
printf "%w" 1
printf "%6.2f|%-8.1f|%+.1f|%08.2f" 3.14159 2.5 2.5 -2.5
printf "%v" (list 1 "a" nil (dict "b" 2))
printf "%#v" (dict "a" (list 1 nil "x"))
printf "%5t|%-7t|" true false
printf "%3c|%-3c|" 65 66
printf "%x" 3.5
printf "%s" (list)
quote "a\"b" 1 nil true
squote "a" 1 nil
cat "a" 1 nil "b"
indent 4 "a\nb"
nindent 2 "a\nb"
indent -1 "a"
trim "  a b \n"
trimAll "$" "$5$"
trimSuffix "x" "abx"
trimPrefix "a" "abx"
upper .Values.uni
lower .Values.uni
title "hello wORLD foo-bar ähn"
untitle "Hello World"
repeat 3 "ab"
repeat -1 "ab"
substr 0 3 "hello"
substr -1 3 "hello"
substr 2 -1 "hello"
substr 2 99 "hello"
substr 4 2 "hello"
substr 9 10 "hello"
trunc 3 "hello"
trunc -3 "hello"
trunc -30 "hello"
abbrev 5 "hello world"
abbrev 3 "hello"
abbrevboth 5 10 "1234 5678 9123"
nospace "a b\tc"
nospace "é è"
initials "First Try é"
swapcase "Hello World é"
camelcase "http_server-name x"
camelcase "_HELLO_world"
snakecase "FirstName HTTPServer2xx"
kebabcase "FirstName"
snakecase "Bld4Floor3rd 1a 世界Ab"
wrap 5 "Hello World foo"
wrapWith 5 "\t" "Hello World longword"
wrap 3 "longword x"
contains "ell" "hello"
hasPrefix "he" "hello"
hasSuffix "lo" "hello"
replace " " "-" "a b c"
replace "" "-" "abc"
plural "one" "many" 1
plural "one" "many" 2
toString 1.5
toString .Values.l
toStrings .Values.mixed
toStrings nil
toStrings 5
join "-" .Values.l
join "," .Values.mixed
join "," "x"
split "," "a,b,c"
(split "," "a,b,c")._1
(split "," "a,b,c")._9
splitn "," 2 "a,b,c"
splitList "," "a,b,c"
splitList "" "héy"
sortAlpha .Values.l
sortAlpha .Values.mixed
sortAlpha "x"
atoi "12"
atoi "x"
atoi "99999999999999999999"
int "12"
int "0x1f"
int "1.0"
int "1.5"
int .Values.f
int64 .Values.big
int true
int nil
int "010"
float64 "2.5"
float64 "x"
float64 true
toDecimal 777
toDecimal "0644"
add 1 2 3
add "1" 2.7 nil
add1 5
sub 5 3
mul 2 3 4
div 10 3
div 1 0
mod 10 3
mod 1 0
max 1 5 3
min 4 2 8
maxf 1 2.5
minf 1.5 2
addf 0.1 0.2
add1f 1.5
subf 1.5 0.1 0.2
mulf 1.1 1.1
divf 1 3
divf 1 0
divf 10 4 2
ceil 1.2
floor -1.2
round 123.555555 3
round 2.5 0
round -2.5 0
round 123.5555 2 0.7
seq 5
seq 0 2
seq 2 0
seq 0 2 10
seq 0 -2 -5
seq 1 2 3 4
seq
until 3
until -3
untilStep 3 6 2
untilStep 6 3 -1
untilStep 0 10 0
list 1 2 3
list
first .Values.l
first .Values.el
first nil
first "abc"
last .Values.l
rest .Values.l
rest .Values.el
initial .Values.l
append .Values.l "x"
append "x" 1
prepend .Values.l "x"
concat .Values.l (list 1) | toJson
concat | toJson
concat "a"
reverse .Values.l
uniq (list 1 1 2 "a" "a")
without .Values.l "a" "b"
has "a" .Values.l
has 3 .Values.nums
has 3.0 .Values.nums
has "x" nil
compact (list 1 0 "" nil "a")
slice .Values.l 1
slice .Values.l 1 2
slice .Values.l 2 1
slice .Values.l 0 9
slice .Values.s 1
chunk 2 .Values.l
chunk 0 .Values.l
chunk 2 .Values.el
mustFirst "x"
dict "a" 1 "b"
dict 1 2
get .Values.m "a"
get .Values.m "zz"
get nil "a"
hasKey .Values.m "a"
hasKey .Values.missing "a"
hasKey .Values.nil "a"
set .Values.m "new" 5
set nil "a" 1
unset .Values.m "a"
pluck "a" .Values.m (dict "a" 2)
keys .Values.m | sortAlpha
values (dict "a" 1)
pick .Values.m "a" "zz"
omit .Values.m "a"
merge (dict "a" 1) (dict "a" 2 "b" 3)
merge (dict "a" (dict "x" 1)) (dict "a" (dict "x" 2 "y" 3) "l" (list 1))
merge (dict "a" "" "b" 0 "c" false "d" (list)) (dict "a" "x" "b" 1 "c" true "d" (list 1))
mergeOverwrite (dict "a" 1 "l" (list 1)) (dict "a" 2 "l" (list 2 3) "e" "")
mergeOverwrite (dict "a" (dict "x" 1)) (dict "a" nil)
mergeOverwrite (dict "a" (dict "x" 1)) (dict "a" (list 1))
mergeOverwrite (dict "a" (list 1)) (dict "a" (dict "x" 1))
merge (dict "a" (list)) (dict "a" (dict "x" 1))
merge .Values.m (dict "c" (dict "e" 1))
deepCopy .Values.m
deepCopy nil
dig "c" "d" "def" .Values.m
dig "c" "x" "def" .Values.m
dig "a" "x" "def" .Values.m
dig "a" "def" .Values
dig "a" "x"
default "d" .Values.e
default "d" .Values.missing
default "d" 0
default "d"
empty .Values.e
empty .Values.n
empty nil
coalesce nil "" 0 "x"
coalesce nil
all 1 "a" true
any 0 "" nil
ternary "a" "b" true
ternary "a" "b" .Values.t
ternary "a" "b" "x"
typeOf .Values
typeOf .Values.n
typeOf nil
typeOf (list 1)
typeOf (split "," "a")
typeIs "string" "a"
typeIsLike "string" "a"
kindOf .Values.m
kindOf nil
kindOf 1.5
kindIs "map" .Values.m
deepEqual (list 1 2) (list 1 2)
deepEqual 1 1.0
deepEqual nil nil
toJson .Values.m
toJson .Values.mixed
toJson "<a>&"
toJson nil
toJson 1e21
toJson 1e-7
toJson .Values.big
toPrettyJson .Values.m
toRawJson "<a>&"
fromJson .Values.json
fromJson "[1]"
fromJson "{"
fromJson "{\"a\": tru}"
fromJson "{\"a\":1,}"
fromJson "null"
fromJson ""
fromJson "{\"a\" 1}"
fromJson "{'a': 1}"
fromJson "{} x"
fromJsonArray "[1,\"a\"]"
fromJsonArray "{}"
mustFromJson "[1,2"
mustFromJson "\"a\\q\""
mustFromJson "1.e"
mustFromJson "-"
toYaml .Values.m
toYaml .Values.mixed
toYaml .Values.l
toYaml nil
toYaml "a: b"
toYaml .Values.multi
toYaml (dict "yes" "yes" "n" "no" "num" "1" "f" 1.5 "nl" "a\nb" "e" "" "nul" nil)
toYaml (list)
toYaml (dict)
fromYaml .Values.yaml
fromYaml "- a"
fromYaml "a: b: c"
fromYaml ""
fromYaml "a: 12345678901234567890"
fromYamlArray "- a\n- 1"
fromYamlArray "a: 1"
b64enc "hello"
b64dec "aGVsbG8="
b64dec "aGVsbG8"
b64dec "a$"
b64dec "aGVs\nbG8="
b64dec "aGVsbG8=x"
b32enc "hello"
b32dec "NBSWY3DP"
b32dec "x"
sha1sum "a"
sha256sum "a"
sha512sum "a"
adler32sum "abc"
derivePassword 1 "long" "password" "user" "example.com"
derivePassword 1 "nope" "password" "user" "example.com"
urlParse "https://user:pa%20ss@host:8080/p/a?q=1#frag"
urlParse "mailto:a@b"
urlParse ":x"
urlParse "http://[::1]:80/"
urlParse "http://a b/"
urlParse "%zz"
urlJoin (dict "scheme" "http" "host" "h:80" "path" "/a b" "query" "x=1" "fragment" "f" "userinfo" "u:p")
urlJoin (dict "scheme" 1)
base "/a/b.txt"
dir "/a/b.txt"
clean "/a/../b//c/."
ext "/a/b.tar.gz"
isAbs "/a"
base ""
dir ""
clean ""
osBase "a/b"
regexMatch "^a.c$" "abc"
regexMatch "[" "abc"
mustRegexMatch "[" "abc"
regexFind "a+" "xaay"
regexFindAll "a|b" "xaby" -1
regexFindAll "z" "xaby" -1
regexFindAll "z" "xaby" -1 | toJson
regexFindAll "a*" "baac" -1
regexFindAll "a" "aaa" 2
regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W"
regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W"
regexReplaceAll "(?P<n>x+)" "axx" "<${n}>$0$$"
regexReplaceAll "(?<n>x+)" "axx" "<${n}>"
regexReplaceAll "x*" "abc" "-"
regexReplaceAllLiteral "a(x*)b" "-ab-axxb-" "${1}"
regexSplit "z+" "pizza" -1
regexSplit "" "abc" -1
regexSplit "a" "abca" 2
regexSplit "b" "" -1
regexQuoteMeta "1.2.3"
regexReplaceAll "(" "a" "b"
mustRegexReplaceAll "a**" "a" "b"
mustRegexFind "\\8" "b"
mustRegexFind "a{1001}" "b"
mustRegexFind "[z-a]" "b"
mustRegexFind "(?i)AB" "xab"
mustRegexFind "a)" "b"
mustRegexFind "\\" "b"
semver "1.2.3"
semver .Values.ver
(semver "v1.2.3-beta+x").Prerelease
(semver "1.2").Minor
semver "x"
semver "01.2.3"
(semver "1.2.3").IncMajor
(semver "1.2.3-a").IncPatch
semverCompare ">=1.2.0" "1.3.0"
semverCompare "^1.2" "1.9.9"
semverCompare "~1.2.3" "1.2.9"
semverCompare ">=1.2-0" .Values.ver
semverCompare ">=1" .Values.ver
semverCompare "x" "1.0"
semverCompare ">>1" "1.0"
semverCompare "1.x || >=2.5" "2.6.0"
date "2006-01-02" 0
dateInZone "2006-01-02T15:04:05Z07:00 MST Mon Jan _2" 1700000000 "Europe/Prague"
dateInZone "02 Jan 06 15:04 -0700" 1700000000 "America/New_York"
dateInZone "2006 002 __2 PM pm 3:4:5.000" 1700000000 "Nowhere/Else"
htmlDate 0
htmlDateInZone 0 "UTC"
toDate "2006-01-02" "2017-12-31"
toDate "2006-01-02" "x"
mustToDate "2006-01-02" "2017-13-31"
mustToDate "2006-01-02" "2017-02-30"
mustToDate "2006-01-02 15:04:05 MST" "2017-02-03 10:11:12 CEST"
mustToDate "Mon, 02 Jan 2006 15:04:05 -0700" "Tue, 10 Nov 2009 23:00:00 +0100"
(toDate "2006-01-02" "2017-12-31").Year
(toDate "2006-01-02" "2017-12-31").Month
(toDate "2006-01-02" "2017-12-31").Weekday
(toDate "2006-01-02" "2017-12-31").Format "Jan 2"
toDate "2006-01-02" "2017-12-31" | dateModify "-1.5h"
toDate "2006-01-02" "2017-12-31" | unixEpoch
toDate "2006-01-02" "2017-12-31" | toJson
mustDateModify "x" (toDate "2006-01-02" "2017-12-31")
(toDate "2006-01-02" "2017-01-31").AddDate 0 1 0
duration "95"
duration 95
duration (int64 95)
durationRound "2h10m5s"
durationRound "2400h"
mustToDuration "1h30m"
mustToDuration 90
mustToDuration "x"
mustToDuration nil
durationSeconds "1m30.5s"
durationMilliseconds 1.5
durationHours "90m"
durationDays "36h"
durationWeeks "1h"
durationRoundTo "1h29m" "30m"
durationTruncateTo "1h59m" "1h"
(mustToDuration "1h30m").Minutes
typeOf (mustToDuration "1s")
include "missing" .
tpl "{{ .Values.s }}" .
tpl "{{ .Values.s" .
tpl "{{ .Values.s.x }}" .
tpl "{{ define \"q\" }}Q{{ . }}{{ end }}{{ include \"q\" 5 }}" .
required "need it" .Values.e
required "need it" .Values.missing
required "need it" .Values.s
fail "boom"
lookup "v1" "Pod" "ns" "n"
lookup "v1" "Pod" "ns" "n" | toJson
getHostByName "localhost"
hello
upper 5
upper nil
upper .Values.missing
upper .Values.n
add
trunc "3" "abc"
trunc 3.0 "abc"
trunc .Values.n "abc"
until .Values.n
until (int .Values.n)
"a" | upper | lower | printf "%s-%s" "x"
1 | add 2 | mul 3
.Values.s | quote | nindent 2
.Values.l | join "," | quote
(list 1 2 3) | len
.Values.s "x"
(upper "a") "x"
"a" "b"
nosuch 1
.Values.s | 5
{{ if .Values.t }}yes{{ else }}no{{ end }}
{{ if .Values.e }}a{{ else if .Values.z }}b{{ else if .Values.n }}c{{ else }}d{{ end }}
{{ with .Values.m }}{{ .a }}{{ $.Values.s }}{{ else }}none{{ end }}
{{ with .Values.e }}a{{ else with .Values.s }}{{ . }}{{ end }}
{{ range .Values.l }}{{ . }},{{ end }}
{{ range $i, $e := .Values.l }}{{ $i }}={{ $e }};{{ end }}
{{ range $k, $v := .Values.m }}{{ $k }}={{ $v }};{{ end }}
{{ range .Values.el }}x{{ else }}empty{{ end }}
{{ range .Values.missing }}x{{ else }}empty{{ end }}
{{ range 3 }}{{ . }}{{ end }}
{{ range $i := 3 }}{{ $i }}{{ end }}
{{ range $i, $j := 3 }}{{ $i }}{{ end }}
{{ range .Values.n }}{{ . }}{{ end }}
{{ range .Values.s }}{{ . }}{{ end }}
{{ range .Values.t }}{{ . }}{{ end }}
{{ range .Values.l }}{{ if eq . "a" }}{{ break }}{{ end }}{{ . }}{{ end }}
{{ range .Values.l }}{{ if eq . "a" }}{{ continue }}{{ end }}{{ . }}{{ end }}
{{ range .Values.mixed }}{{ . }}|{{ end }}
{{ range .Values.mixed }}{{ .k }}|{{ end }}
{{ range .Values.list2 }}{{ .name }}{{ .v }}{{ .zz }}{{ end }}
{{ $x := 1 }}{{ $x = add $x 1 }}{{ $x }}
{{ $x := .Values.missing }}{{ $x.y }}
{{ $x := .Values.s }}{{ $x.y }}
{{ $x := .Values.m }}{{ $x.c.d }}
{{ range $x := .Values.l }}{{ end }}{{ $x }}
{{ $x = 1 }}
{{ if $x := .Values.s }}{{ $x }}{{ end }}
{{ with $x := .Values.m }}{{ $x.a }}{{ end }}
{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" .Values.s }}{{ include "t" 1 }}
{{ define "t" }}{{ .x.y }}{{ end }}{{ include "t" .Values }}
{{ define "t" }}{{ .x.y }}{{ end }}{{ template "t" .Values }}
{{ define "t" }}{{ include "u" . }}{{ end }}{{ define "u" }}{{ .x.y }}{{ end }}{{ include "t" .Values }}
{{ define "t" }}{{ required "R" .x }}{{ end }}{{ include "t" .Values }}
{{ template "nope" }}
{{ block "b" .Values.s }}<{{ . }}>{{ end }}
{{ define "r" }}{{ if lt . 5 }}{{ . }}{{ include "r" (add1 . | int) }}{{ end }}{{ end }}{{ include "r" 1 }}
a {{- 1 -}} b
a {{- /* c */ -}} b
{{/* comment */}}x
{{- "a" }} {{ "b" -}}
{{ "unterminated }}
{{ 'ab' }}
{{ .Values.s
{{ end }}
{{ else }}
{{ if }}x{{ end }}
{{ if true }}
{{ range }}{{ end }}
{{ break }}
{{ define "x" }}
{{ define x }}{{ end }}
{{ template }}
{{ (1 }}
{{ 1) }}
{{ .Values..x }}
{{ $undefined }}
{{ 1.2.3 }}
{{ 08 }}
{{ "a" := 1 }}
{{ $x, $y := 1 }}
{{ | upper }}
{{ upper | }}
{{ @ }}
{{ é }}
{{ nil.x }}
{{ true.x }}
{{ "a".x }}
{{ (nil).x }}
{{ if eq 1 "a" }}{{ end }}
{{ include "a" }}
{{ tpl "{{ fail \"inner\" }}" . }}
{{ .Values.l.x }}
{{ .Values.m.a.b.c }}
{{ (index .Values.l 0).x }}
{{ .Release.Name }}{{ .Release.Revision }}{{ typeOf .Release.Revision }}
{{ .Template.Name }} {{ .Template.BasePath }}
{{ toYaml .Values.m | nindent 4 }}
{{ toYaml .Values.missing }}
{{ with set .Values "q" 1 }}{{ .q }}{{ end }}
{{ $d := dict }}{{ $_ := set $d "k" $d.nothing }}{{ $d }}
{{ $d := dict "a" nil }}{{ $d.a }}|{{ toJson $d }}|{{ $d }}
{{ $l := list nil }}{{ $l }}{{ index $l 0 }}
{{ printf "%v" (index (list nil) 0) }}
{{ $x := list 1 2 }}{{ range $i, $_ := $x }}{{ $x = append $x $i }}{{ end }}{{ $x }}
{{ range $k, $v := .Values.m }}{{ $_ := unset $.Values.m $k }}{{ end }}{{ .Values.m }}
{{ toToml .Values.m }}
{{ toToml .Values.list2 }}
{{ fromToml "a = 1\nb = [1,2]\n[c]\nd = 'x'" }}
{{ fromToml "a = " }}
{{ toYamlPretty .Values.m }}
{{ toYamlPretty (dict "l" .Values.l "s" .Values.multi "n" 1.0) }}
`

func table() []string {
	var out []string
	for _, line := range strings.Split(expressions, "\n") {
		switch {
		case line == "":
		case strings.Contains(line, "{{"), strings.Contains(line, "}}") && !strings.HasPrefix(line, "tpl"):
			if strings.HasPrefix(line, "tpl ") {
				line = "{{ " + line + " }}"
			}
			out = append(out, line)
		default:
			out = append(out, "{{ "+line+" }}")
		}
	}
	return out
}
