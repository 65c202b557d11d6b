# Which files the formatters and linters look at: those that git tracks and
# those that it would, new ones included. To be sourced in the top folder.
#
# shellcheck shell=bash

our_files() {
  local path
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
    while read -r path; do
      # One that was deleted is still listed until that is committed.
      [[ ! -f $path ]] || printf '%s\n' "$path"
    done
}

cpp_files() {
  our_files 'bazel/*.cc' 'bazel/*.h' 'benchmarks/*.cc' 'benchmarks/*.h' \
    'examples/*.cc' 'examples/*.h' 'rproxy/*.cc' 'rproxy/*.h' \
    'tools/*.cc' 'tools/*.h'
}

bazel_files() {
  our_files WORKSPACE '*/WORKSPACE' BUILD '*/BUILD' '*.BUILD' '*.bzl'
}

# Scripts have no suffix; their first line tells.
shell_files() {
  local path line
  our_files .ci bazel benchmarks examples tools | while read -r path; do
    line=
    read -r line <"$path" || true
    if [[ $path == *.sh || $line == '#!'*bash || $line == '#!/bin/sh' ]]; then
      printf '%s\n' "$path"
    fi
  done 2>/dev/null
}

# buildifier as tools/install_deps has installed it. The rules that it wants to
# be loaded from elsewhere are part of Bazel 4.
buildifier() {
  local cache=${XDG_CACHE_HOME:-${HOME:-}/.cache} off
  off=-native-cc-binary,-native-cc-library,-native-cc-test,-native-sh-test
  "$cache/rproxy/npm/node_modules/.bin/buildifier" -warnings="$off" "$@"
}
