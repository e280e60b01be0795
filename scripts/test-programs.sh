#!/usr/bin/env bash
# Other people's programs that tests speak with: real clients, and proxies to stand beside.
# Installs what is missing where that is possible (root on Debian); elsewhere says what is missing and how to get it.
# Tests that need a program that is not there are left out, so this always exits 0.
set -euo pipefail

readonly at_most_seconds=300
readonly start_policy=/usr/sbin/policy-rc.d
# What it is called, and the package it comes in.
readonly clients=(curl:curl wrk:wrk h2load:nghttp2-client slowhttptest:slowhttptest python3:python3 chromium:chromium certutil:libnss3-tools)
readonly servers=(nginx:nginx-light haproxy:haproxy psql:postgresql)

main() {
  local packages
  packages=$(missing "${clients[@]}" "${servers[@]}")
  [ -n "$packages" ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "tests with these are left out: $packages (on Debian: sudo apt-get install $packages)"
    return 0
  fi
  if [ -d /run/systemd/system ]; then
    # Its servers would be started now and at every boot: nobody asked for that.
    say "tests with these are left out: $(missing "${servers[@]}") (they would be started at every boot)"
    packages=$(missing "${clients[@]}")
    [ -n "$packages" ] || return 0
  fi
  say "installing $packages"
  # shellcheck disable=SC2086
  install $packages || say "could not install all of: $packages; tests with what is missing are left out"
}

missing() {
  local entry
  for entry in "$@"; do
    PATH=$PATH:/usr/sbin command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
  done | xargs
}

install() {
  [ -e "$start_policy" ] || forbid_starts
  export DEBIAN_FRONTEND=noninteractive
  timeout "$at_most_seconds" apt-get update -qq &&
    timeout "$at_most_seconds" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Debian starts a server as it is installed; tests start their own.
forbid_starts() {
  printf '#!/bin/sh\nexit 101\n' >"$start_policy"
  chmod +x "$start_policy"
  trap 'rm -f "$start_policy"' EXIT
}

say() { echo "test-programs.sh: $*" >&2; }

main "$@"
