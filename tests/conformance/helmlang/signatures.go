package main

import "strings"

// signature: argument types and result, one letter each (kinds, below). A * repeats the letter before it. A name
// with % is a text in which the arguments take the places of the %.
type signature struct {
	name, args string
	result     byte
}

// function is the one that a signature is about.
func (s signature) function() string {
	name := strings.TrimLeft(s.name, "( ")
	if end := strings.IndexAny(name, " %)"); end >= 0 {
		name = name[:end]
	}
	return name
}

// Kinds: s string, i int, n any number, f float64, b bool, m map, l list, t time, a anything. Only leaves: d a map of
// its own, c a count that stays small, k a key, r a regular expression, v a version, C a constraint, p a path, u a
// URL, T TOML, J JSON, Y YAML, y a layout of dates, Z a zone, D a duration, x text in base 64 or 32, S a date as text, I an instant.
const kinds = "sinfbmltsl"

func isLeafOnly(kind byte) bool { return strings.IndexByte("dckrvCpuTJYyZxSI", kind) >= 0 }

var signatures = []signature{
	{"abbrev", "is", 's'}, {"abbrevboth", "iis", 's'}, {"add", "nn*", 'n'}, {"add1", "n", 'n'}, {"add1f", "n", 'f'},
	{"addf", "nn*", 'f'}, {"adler32sum", "s", 's'}, {"all", "a*", 'b'}, {"and", "aa*", 'a'}, {"any", "a*", 'b'},
	{"append", "la", 'l'}, {"atoi", "s", 'i'}, {"b32dec", "x", 's'}, {"b32enc", "s", 's'}, {"b64dec", "x", 's'},
	{"b64enc", "s", 's'}, {"base", "p", 's'}, {"biggest", "nn*", 'n'}, {"camelcase", "s", 's'}, {"cat", "a*", 's'},
	{"ceil", "n", 'f'}, {"chunk", "il", 'l'}, {"clean", "p", 's'}, {"coalesce", "aa*", 'a'}, {"compact", "l", 'l'},
	{"concat", "ll*", 'l'}, {"contains", "ss", 'b'}, {"date", "yI", 's'}, {"date_in_zone", "yIZ", 's'},
	{"dateInZone", "yIZ", 's'}, {"dateModify", "Dt", 't'}, {"date_modify", "Dt", 't'},
	{"deepCopy", "a", 'a'}, {"deepEqual", "aa", 'b'}, {"default", "aa", 'a'}, {"dict", "kaka", 'm'}, {"dict", "ka", 'm'},
	{"dict", "a*", 'm'}, {"dig", "kkam", 'a'}, {"dig", "kam", 'a'}, {"dir", "p", 's'}, {"div", "nn", 'n'}, {"divf", "nn*", 'f'},
	{"duration", "a", 's'}, {"duration", "n", 's'}, {"durationRound", "a", 's'}, {"durationRound", "D", 's'},
	{"durationSeconds", "D", 'f'}, {"durationMilliseconds", "D", 'n'}, {"durationMicroseconds", "a", 'n'},
	{"durationNanoseconds", "D", 'n'}, {"durationMinutes", "D", 'f'}, {"durationHours", "a", 'f'}, {"durationDays", "D", 'f'},
	{"durationWeeks", "D", 'f'}, {"durationRoundTo", "DD", 'a'}, {"durationTruncateTo", "Da", 'a'},
	{"empty", "a", 'b'}, {"eq", "aa", 'b'}, {"eq", "aaa*", 'b'}, {"eq", "ss", 'b'}, {"eq", "nn", 'b'}, {"ext", "p", 's'},
	{"fail", "s", 's'}, {"first", "l", 'a'}, {"float64", "a", 'f'}, {"floor", "n", 'f'}, {"fromJson", "J", 'm'},
	{"fromJsonArray", "J", 'l'}, {"fromToml", "T", 'm'}, {"fromToml", "T", 'm'}, {"fromYaml", "Y", 'm'}, {"fromYamlArray", "Y", 'l'},
	{"ge", "nn", 'b'}, {"ge", "aa", 'b'}, {"get", "mk", 'a'}, {"getHostByName", "s", 's'}, {"gt", "nn", 'b'}, {"gt", "ss", 'b'},
	{"has", "al", 'b'}, {"hasKey", "mk", 'b'}, {"hasPrefix", "ss", 'b'}, {"hasSuffix", "ss", 'b'}, {"hello", "", 's'},
	{"html", "a*", 's'}, {"htmlDate", "I", 's'}, {"htmlDateInZone", "IZ", 's'}, {"include", "sa", 's'},
	{"indent", "cs", 's'}, {"index", "li", 'a'}, {"index", "mk", 'a'}, {"index", "ak*", 'a'}, {"index", "si", 'a'}, {"initial", "l", 'l'},
	{"initials", "s", 's'}, {"int", "a", 'i'}, {"int64", "a", 'n'}, {"isAbs", "p", 'b'}, {"join", "sl", 's'}, {"join", "sa", 's'},
	{"js", "a*", 's'}, {"kebabcase", "s", 's'}, {"(keys % | sortAlpha)", "m", 'l'}, {"kindIs", "sa", 'b'}, {"kindOf", "a", 's'},
	{"last", "l", 'a'}, {"le", "nn", 'b'}, {"le", "aa", 'b'}, {"len", "a", 'i'}, {"list", "aaa", 'l'}, {"list", "a*", 'l'},
	{"lookup", "ssss", 'm'}, {"lower", "s", 's'}, {"lt", "nn", 'b'}, {"lt", "ss", 'b'}, {"max", "nn*", 'n'}, {"maxf", "nn*", 'f'},
	{"merge", "dm", 'm'}, {"merge", "ddm", 'm'}, {"mergeOverwrite", "dm", 'm'}, {"mergeOverwrite", "ddd", 'm'}, {"min", "nn*", 'n'},
	{"minf", "nn*", 'f'}, {"mod", "nn", 'n'}, {"mul", "nn*", 'n'}, {"mulf", "nn*", 'f'},
	{"mustAppend", "la", 'l'}, {"mustChunk", "il", 'l'}, {"mustCompact", "l", 'l'}, {"mustDateModify", "Dt", 't'}, {"must_date_modify", "Dt", 't'},
	{"mustDeepCopy", "a", 'a'}, {"mustFirst", "l", 'a'}, {"mustFromJson", "J", 'a'}, {"mustHas", "al", 'b'}, {"mustInitial", "l", 'l'},
	{"mustLast", "l", 'a'}, {"mustMerge", "dm", 'm'}, {"mustMergeOverwrite", "dm", 'm'}, {"mustPrepend", "la", 'l'}, {"mustPush", "la", 'l'},
	{"mustRegexFind", "rs", 's'}, {"mustRegexFindAll", "rsi", 'l'}, {"mustRegexMatch", "rs", 'b'}, {"mustRegexReplaceAll", "rss", 's'},
	{"mustRegexReplaceAllLiteral", "rss", 's'}, {"mustRegexSplit", "rsi", 'l'}, {"mustRest", "l", 'l'}, {"mustReverse", "l", 'l'},
	{"mustSlice", "lii", 'l'}, {"mustToDate", "yS", 't'}, {"mustToDuration", "D", 'D'}, {"mustToJson", "a", 's'}, {"mustToPrettyJson", "a", 's'},
	{"mustToRawJson", "a", 's'}, {"mustToToml", "m", 's'}, {"mustToYaml", "a", 's'}, {"mustUniq", "l", 'l'}, {"mustWithout", "la*", 'l'},
	{"ne", "aa", 'b'}, {"nindent", "cs", 's'}, {"nospace", "s", 's'}, {"not", "a", 'b'}, {"omit", "mk*", 'm'}, {"or", "aa*", 'a'},
	{"osBase", "p", 's'}, {"osClean", "p", 's'}, {"osDir", "p", 's'}, {"osExt", "p", 's'}, {"osIsAbs", "p", 'b'},
	{"pick", "mk*", 'm'}, {"pluck", "kmm*", 'l'}, {"plural", "ssi", 's'}, {"prepend", "la", 'l'}, {"print", "aa*", 's'}, {"print", "a*", 's'},
	{"print", "a*", 's'}, {"print", "a*", 's'}, {"println", "a*", 's'}, {"push", "la", 'l'}, {"quote", "a*", 's'}, {"regexFind", "rs", 's'},
	{"regexFindAll", "rsi", 'l'}, {"regexMatch", "rs", 'b'}, {"regexQuoteMeta", "s", 's'}, {"regexReplaceAll", "rss", 's'},
	{"regexReplaceAllLiteral", "rss", 's'}, {"regexSplit", "rsi", 'l'}, {"repeat", "cs", 's'}, {"replace", "sss", 's'},
	{"required", "sa", 'a'}, {"rest", "l", 'l'}, {"reverse", "l", 'l'}, {"round", "ni", 'f'}, {"round", "nif", 'f'},
	{"semver", "v", 'a'}, {"(semver %).Original", "v", 's'}, {"(semver %).Minor", "v", 'n'}, {"(semver %).Prerelease", "v", 's'},
	{"(semver %).IncPatch", "v", 'a'}, {"(semver %).IncMinor.String", "v", 's'}, {"(semver %).Compare (semver %)", "vv", 'i'},
	{"semverCompare", "Cv", 'b'}, {"semverCompare", "Cv", 'b'}, {"semverCompare", "Cv", 'b'}, {"seq", "cc", 's'}, {"seq", "c*", 's'},
	{"set", "dka", 'm'}, {"sha1sum", "s", 's'}, {"sha256sum", "s", 's'}, {"sha512sum", "s", 's'}, {"slice", "lii", 'l'}, {"slice", "li*", 'l'},
	{"slice", "si", 's'}, {"snakecase", "s", 's'}, {"sortAlpha", "l", 'l'}, {"sortAlpha", "a", 'l'}, {"split", "ss", 'a'}, {"(split % %)._0", "ss", 's'},
	{"splitList", "ss", 'l'}, {"splitn", "sis", 'a'}, {"squote", "a*", 's'}, {"sub", "nn", 'n'}, {"subf", "nn*", 'f'}, {"substr", "iis", 's'},
	{"swapcase", "s", 's'}, {"ternary", "aab", 'a'}, {"title", "s", 's'}, {"toDate", "yS", 't'}, {"toDecimal", "a", 'n'}, {"toJson", "a", 's'},
	{"toPrettyJson", "a", 's'}, {"toRawJson", "a", 's'}, {"toString", "a", 's'}, {"toStrings", "a", 'l'}, {"toStrings", "l", 'l'},
	{"toToml", "m", 's'}, {"toToml", "a", 's'}, {"toYaml", "a", 's'}, {"toYaml", "m", 's'}, {"toYamlPretty", "a", 's'}, {"toYamlPretty", "m", 's'},
	{"tpl", "sa", 's'}, {"trim", "s", 's'}, {"trimAll", "ss", 's'}, {"trimall", "ss", 's'}, {"trimPrefix", "ss", 's'}, {"trimSuffix", "ss", 's'},
	{"trunc", "is", 's'}, {"tuple", "a*", 'l'}, {"typeIs", "sa", 'b'}, {"typeIsLike", "sa", 'b'}, {"typeOf", "a", 's'}, {"uniq", "l", 'l'},
	{"unixEpoch", "t", 's'}, {"unset", "mk", 'm'}, {"until", "c", 'l'}, {"untilStep", "ccc", 'l'}, {"untitle", "s", 's'}, {"upper", "s", 's'},
	{"urlJoin", "m", 's'}, {"urlJoin (urlParse %)", "u", 's'}, {"urlParse", "u", 'm'}, {"urlquery", "a*", 's'}, {"(values (dict % %))", "ka", 'l'},
	{"without", "la*", 'l'}, {"wrap", "is", 's'}, {"wrapWith", "iss", 's'},
	{"(%).Format %", "ty", 's'}, {"(%).Year", "t", 'i'}, {"(%).Unix", "t", 'n'}, {"(%).Add (mustToDuration %)", "tD", 't'}, {"(%).Sub (%)", "tt", 'a'},
	{"(%).AddDate % % %", "tiii", 't'}, {"(%).YearDay", "t", 'i'}, {"(%).Weekday", "t", 'a'}, {"(%).Month", "t", 'a'}, {"(%).UTC", "t", 't'},
	{"(%).Before (%)", "tt", 'b'}, {"(mustToDuration %).Round (mustToDuration %)", "DD", 'a'}, {"(mustToDuration %).Hours", "D", 'f'},
	{"$.Files.Get %", "p", 's'}, {"($.Files.Glob %).AsConfig", "p", 's'}, {"($.Files.Glob %).AsSecrets", "p", 's'}, {"$.Files.Lines %", "p", 'l'},
	{"$.Capabilities.APIVersions.Has %", "s", 'b'}, {"$.Capabilities.KubeVersion", "", 'a'}, {"$.Capabilities.HelmVersion", "", 'a'},
	{"$.Values.PathValue %", "k", 'a'}, {"$.Values.Table %", "k", 'm'}, {"$.Release.Name", "", 's'},
}

var leaves = map[byte][]string{
	's': {`"abc"`, `""`, `"Hello World"`, `"a,b,c"`, `"12"`, `"1.50"`, `"a b  c"`, `"žluť 世界"`, `"x\ny"`, `.Values.s`, `.Values.e`,
		`.Values.uni`, `.Values.yaml`, `.Values.json`, `.Values.multi`, `.Release.Name`, `"1h30m"`, `"key: value"`, `"[1, 2]"`,
		`"1.2.3"`, `">=1.2"`, `"aGVsbG8="`, `"http://u:p@h:1/p?q#f"`, `"HTTPServer2xx"`, `"%s"`, `"<no value>"`, `"map"`, `"string"`,
		`"\xff\xfe"`, `"a\x00b"`, `"v1"`, `"apps/v1"`, `"slice"`, `"*semver.Version"`, `"No"`, `"2020-01-01"`, `"0x1f"`, `"~"`, `"a: b"`,
		"`raw \\n`", `" lead"`, `"trail "`, `"- x"`, `"\t"`, `"😀"`, `"ÀÉ"`},
	'i': {`0`, `1`, `2`, `3`, `-1`, `7`, `10`, `(int .Values.n)`, `(len .Values.l)`, `100`, `-5`},
	'n': {`0`, `1`, `-3`, `2.5`, `1e3`, `.Values.n`, `.Values.f`, `.Values.neg`, `.Values.big`, `"7"`, `0x10`, `(int64 5)`, `.Values.huge`,
		`.Values.tiny`, `.Values.mil`, `true`, `nil`, `"x"`, `1e21`, `9223372036854775807`, `(float64 "NaN")`, `(float64 "Inf")`, `0.1`, `1.5e-9`},
	'f': {`1.5`, `-0.25`, `.Values.f`, `.Values.n`, `1e10`, `3.0`, `0.5`, `123.456`},
	'b': {`true`, `false`, `.Values.t`, `.Values.no`},
	'm': {`.Values.m`, `.Values.em`, `(dict "a" 1 "b" "x")`, `(dict)`, `.Values.m.c`, `.Values`, `(dict "a" (dict "d" nil) "l" (list 1))`,
		`.Values.deep`, `(dict "scheme" "http" "host" "h" "path" "/p" "query" "a=1" "opaque" "" "fragment" "f" "userinfo" "u:p")`,
		`(dict "t" (toDate "2006-01-02" "2020-02-29") "v" (semver "1.2.3-a+b") "d" (mustToDuration "90s"))`,
		`(dict "10" 1 "9" 2 "a10" 3 "a9" 4 "a" (list (dict "x" 1 "y" nil) (dict "z" (list))))`, `(fromYaml .Values.yaml)`, `.Files`, `.Release`,
		`(split "," "a,b")`, `(dict "e" "" "nl" "a\nb\n" "q" "'\"" "y" "yes" "n" "1" "f" 1.0 "i" 1 "b" true "nil" nil "u" "é世")`,
		`(fromToml .Values.toml)`, `.Values.list2`, `(index .Values.list2 0)`},
	'l': {`.Values.l`, `.Values.mixed`, `.Values.nums`, `.Values.el`, `(list 1 2 3)`, `(list)`, `(list "b" "a" nil)`, `(until 3)`,
		`.Values.list2`, `(splitList "," "x,y")`, `(list (list 1 2) (list))`, `(list (dict "a" 1) (dict "a" 2))`, `(list 1.5 "x" true)`,
		`(chunk 2 (list 1 2 3))`, `(list "" 0 nil false)`, `(list 3 1 2 3 1)`, `(tuple "a" "a" "b")`, `(regexFindAll "[a-z]" "x1y2" -1)`},
	't': {`(toDate "2006-01-02" "2020-02-29")`, `(toDate "2006-01-02T15:04:05Z07:00" "2021-12-31T23:59:59+05:30")`, `(toDate "x" "y")`,
		`(mustToDate "2006-01-02 15:04:05.000" "1999-07-04 01:02:03.456")`, `(toDate "15:04" "03:04")`},
	// What the functions of dates take; for all else they use the clock.
	'I': {`(toDate "2006-01-02" "2020-02-29")`, `(toDate "2006-01-02T15:04:05Z07:00" "2021-12-31T23:59:59+05:30")`, `0`, `1700000000`, `-1`, `(int64 5)`,
		`(mustToDate "2006-01-02 15:04:05.000" "1999-07-04 01:02:03.456")`, `(toDate "15:04" "03:04")`},
	// Helm makes as much of something as it is told, until memory ends.
	'c': {`0`, `1`, `2`, `3`, `-1`, `7`, `10`, `(int .Values.n)`, `(len .Values.l)`, `"4"`, `nil`, `2.5`, `(int "5")`},
	// Fresh ones, for what changes its argument: Helm does not survive a map that holds itself.
	'd': {`(dict "a" 1 "b" "x")`, `(dict)`, `(dict "a" (dict "d" nil) "l" (list 1))`, `(deepCopy .Values.m)`, `(dict "a" "" "z" 0 "no" false "e" (list))`,
		`(dict "a" (dict "d" 1 "e" (dict "f" 2)))`, `(dict "c" (dict "d" "mine"))`, `(fromYaml "a: {d: 2}")`},
	'k': {`"a"`, `"b"`, `"c"`, `"d"`, `"zz"`, `""`, `"x"`, `"m"`, `"m.c"`, `"l"`, `.Values.s`, `"10"`, `"é"`, `"name"`},
	'r': {`"a"`, `"[a-z]+"`, `"(\\w)(\\w)"`, `"^h.*d$"`, `"o"`, `""`, `"["`, `"\\s+"`, `"(?P<x>l+)o"`, `"x*"`, `"\\d{2,}"`, `"世|é"`, `"(?i)WORLD"`, `"(?m)^t"`},
	'v': {`"1.2.3"`, `"v1.2"`, `"1"`, `.Values.ver`, `"2.0.0-rc.1"`, `"x"`, `"1.2.3+b"`, `""`, `"0.0.1"`, `"1.37.0"`},
	'C': {`">=1.2"`, `"^1.2.3"`, `"~1.2"`, `">= 1.0, < 2.0"`, `"1.x || 2.x"`, `"1.2 - 1.4"`, `"*"`, `""`, `"!=1.2.3"`, `"^0.0.1"`, `">=1-0"`, `"x"`},
	'p': {`"/a/b.txt"`, `"a/b/../c.tar.gz"`, `""`, `"."`, `"/"`, `"//a//b"`, `"config/a.txt"`, `"config/*"`, `"**"`, `"data.bin"`, `"a/."`, `".."`, `"../x"`, `"nope"`,
		`"a."`, `".hid"`, `"config/{a,b}.*"`, `"é/世"`, `"*.bin"`},
	'u': {`"http://u:p@h:1/p?q#f"`, `"https://example.com/a b?x=1&y=%zz#é"`, `"mailto:a@b"`, `"/just/path"`, `""`, `"//h/p"`, `"http://[::1]:80/"`, `":x"`,
		`"http://h:x/"`, `"a:b:c"`, `"?q"`, `"#f"`, `"http://a%20b/"`, `"HTTP://H/%2f"`, `"http://h/%"`, `"x://u@/"`, `"1a:b"`, `"http://\x7f/"`, `"http://u:p%40@h"`},
	'T': {`.Values.toml`, `"a = 1"`, `"a = [1, \"b\"]\n[c.d]\ne = 1.5"`, `"[[x]]\ny = 1\n[[x]]\ny = 2"`, `"a = {b = 1, c = [2]}"`, `""`, `"d = 1979-05-27"`},
	'J': {`.Values.json`, `"[1,2]"`, `"{\"a\":{\"b\":[1e3,null,true]}}"`, `"null"`, `""`, `"{"`, `"\"\\u00e9\\ud83d\\ude00\""`, `"{\"a\":1}x"`, `"[1,]"`, `"-"`, `"1e999"`,
		`"{\"a\":1,\"a\":2}"`, `"tru"`, `" [ ] "`, `"[\"\\x\"]"`, `"\"\x01\""`, `"{\"a\" 1}"`, `"01"`, `"\"\\ud800\""`, `"12345678901234567890"`, `"[1 2]"`, `"{1:2}"`},
	'Y': {`.Values.yaml`, `"a: b"`, `"- 1\n- x"`, `"a: [1, {b: c}]"`, `""`, `"a: b: c"`, `"x"`, `"1: 2\ntrue: 3"`, `"a: &x 1\nb: *x"`, `"a: |\n  l1\n  l2\n"`, `"a: 'it''s'"`,
		`"a: 0x1f\nb: 1_000\nc: 1e3\nd: 0o7\ne: ~"`, `"a: \"\\u00e9\""`, `"- - 1\n  - 2"`, `"<<: {a: 1}\nb: 2"`, `"a: yes\nb: No\nc: on"`, `"\ta: 1"`, `"a: *x"`, `"? a\n: b"`, `"---\na: 1\n---\nb: 2"`,
		`"a: 2020-01-01"`, `"{a: 1"`, `"a: 1\na: 2"`, `"!!str 1"`, `"a: .inf"`, `"[]"`, `"{}"`, `"null"`, `"# c"`},
	'y': {`"2006-01-02"`, `"2006-01-02T15:04:05Z07:00"`, `"Mon Jan _2 15:04:05 MST 2006"`, `"15:04"`, `"Monday, 02-Jan-06 3:04PM"`, `""`, `"x"`, `"2006-002"`, `"05.000"`},
	'Z': {`"UTC"`, `"Europe/Prague"`, `"America/New_York"`, `"Local"`, `""`, `"Nowhere/X"`, `"Asia/Kathmandu"`, `"GMT"`},
	'D': {`"1h30m"`, `"95"`, `"1.5h"`, `"-10s"`, `"2400h"`, `"1ms"`, `""`, `"x"`, `"1us500ns"`, `"0"`, `"1e3"`, `90`, `1.5`, `(duration 5)`, `nil`, `"26h61m"`, `"1d"`, `"9999999h"`, `(mustToDuration "90s")`},
	'x': {`"aGVsbG8="`, `"aGVsbG8"`, `"NBSWY3DP"`, `"a$"`, `""`, `"aGVs\nbG8="`, `"AA=A"`, `"NBSWY3DPEBLW64TMMQ======"`, `"MZXW6==="`, `"a\r\nGVs"`, `"=="`, `"/+8="`, `"MZX\nW6==="`, `"A"`, `"NB=SWY3D"`},
	'S': {`"2020-01-02"`, `"2020-02-30"`, `"2021-12-31T23:59:59Z"`, `"2021-12-31T23:59:59.5+02:00"`, `"15:04"`, `""`, `"x"`, `"Mon Jan  2 15:04:05 CET 2006"`, `"20-1-2"`},
}

// byProperty are what no two runs print alike: properties.go looks at them. The rest of their behaviour is in the
// tables.
var byProperty = []string{"ago", "bcrypt", "buildCustomCert", "decryptAES", "derivePassword", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey",
	"genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htpasswd", "keys", "now", "randAlpha",
	"randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric", "shuffle", "uuidv4", "values"}
