# Shared by tools/run-tests and its kin: part NAME COMMAND…, then finish.
passed=0 failed=0 skipped=0 broken=()

part() {
  local name=$1 log status started seconds p f
  shift
  if ! command -v "$1" >/dev/null 2>&1; then
    echo "  MISSING  $name: $1"
    failed=$((failed + 1)) broken+=("$name")
    return
  fi
  log=$(mktemp)
  started=$(date +%s%N)
  "$@" >"$log" 2>&1 </dev/null
  status=$?
  seconds=$(( ($(date +%s%N) - started) / 1000000 ))
  # GoogleTest, then the plain closing line "N passed, N failed[, N skipped]".
  p=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?.*/\1/p; s/^([a-z]+: )?([0-9]+) passed, ([0-9]+) failed.*/\2/p' "$log" | tail -n 1)
  f=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) tests?.*/\1/p; s/^([a-z]+: )?([0-9]+) passed, ([0-9]+) failed.*/\3/p' "$log" | tail -n 1)
  s=$(sed -nE 's/^\[  SKIPPED \] ([0-9]+) tests?.*/\1/p; s/^.*passed, [0-9]+ failed, ([0-9]+) skipped.*/\1/p' "$log" | tail -n 1)
  [ -z "$p" ] && [ $status -eq 0 ] && p=1
  [ $status -ne 0 ] && [ -z "${f:-}" -o "${f:-0}" = 0 ] && f=1
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
  if [ $status -ne 0 ]; then
    broken+=("$name")
    echo "  FAILED   $name (${seconds} ms)"
    tail -n 60 "$log" | sed 's/^/    /'
  else
    echo "  passed   $name: ${p:-0}${s:+, $s skipped} (${seconds} ms)"
  fi
  rm -f "$log"
}

finish() {
  [ ${#broken[@]} -eq 0 ] || echo "broken: ${broken[*]}"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ ${#broken[@]} -eq 0 ] && [ "$failed" -eq 0 ]
}
