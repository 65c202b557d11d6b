# For scripts that do one thing after another, count what went well and end
# with a line `N passed, N failed`. To be sourced.
#
# shellcheck shell=bash

steps_passed=0
steps_failed=0
steps_number=0
steps_logs=$(mktemp -d "${TMPDIR:-/tmp}/rproxy-steps.XXXXXX")

# step NAME COMMAND... runs a command with its output in a file, and shows the
# end of that: all that matters when it failed, and little otherwise. If the
# command counts for itself, its count is added; otherwise it counts as one.
#
# Not for functions that rely on `set -e`, which does not hold in here.
step() {
  local name=$1
  shift
  steps_number=$((steps_number + 1))
  local log status=0 begin=$SECONDS passed failed count
  log=$steps_logs/$steps_number.log
  printf '== %s\n' "$name"
  "$@" >"$log" 2>&1 </dev/null || status=$?

  count=$(tail -n 1 "$log")
  if [[ $count =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=${BASH_REMATCH[1]}
    failed=${BASH_REMATCH[2]}
  else
    passed=1
    failed=0
  fi
  if ((status != 0 && failed == 0)); then
    # It counted nothing wrong and still ended badly.
    failed=1
    ((passed != 1)) || passed=0
  fi
  steps_passed=$((steps_passed + passed))
  steps_failed=$((steps_failed + failed))

  if ((failed > 0)); then
    tail -n 150 "$log" | cut -c 1-400
    printf '== FAILED: %s: %d passed, %d failed, status %d, %d s' \
      "$name" "$passed" "$failed" "$status" "$((SECONDS - begin))"
    printf ' (whole output in %s)\n\n' "$log"
  else
    tail -n 3 "$log" | cut -c 1-400
    printf '== ok: %s: %d passed, %d s\n\n' \
      "$name" "$passed" "$((SECONDS - begin))"
  fi
}

# Prints the sum. Returns 1 if anything failed, or nothing was done at all.
finish_steps() {
  if ((steps_failed == 0)); then
    rm -rf -- "$steps_logs"
  fi
  printf '%d passed, %d failed\n' "$steps_passed" "$steps_failed"
  ((steps_failed == 0 && steps_passed > 0))
}
