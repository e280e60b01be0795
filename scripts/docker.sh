#!/usr/bin/env bash
# Makes sure that a Docker engine answers.
#   docker.sh           installs and starts one where that is possible (root on Debian), else says what to do and exits 3
#   docker.sh --check   only tells: exits 0 when an engine answers, 3 when none does
# Does nothing, quickly, when an engine already answers.
set -euo pipefail

readonly log=/var/log/pointsman-dockerd.log
readonly pid_file=/var/run/docker.pid
readonly config=/etc/docker/daemon.json
readonly start_timeout_seconds=30

main() {
  local endpoint
  endpoint=$(engine_endpoint)
  if engine_answers "$endpoint"; then
    say "a Docker engine answers at $endpoint"
    return 0
  fi
  if [ "${1:-}" = --check ]; then
    say "no Docker engine answers at $endpoint"
    return 3
  fi
  if [ "$endpoint" != unix:///var/run/docker.sock ]; then
    give_up "DOCKER_HOST is set to $endpoint, which does not answer: start that engine, or unset DOCKER_HOST"
  fi
  [ "$(id -u)" = 0 ] || give_up "run this script as root, or start Docker yourself (Docker Desktop, or: sudo systemctl start docker)"
  install_engine
  start_engine
}

engine_endpoint() { echo "${DOCKER_HOST:-unix:///var/run/docker.sock}"; }

engine_answers() {
  case $1 in
    unix://*) [ -S "${1#unix://}" ] && curl_ping --unix-socket "${1#unix://}" http://localhost/_ping ;;
    tcp://*) curl_ping "http://${1#tcp://}/_ping" ;;
    *) docker version >/dev/null 2>&1 ;; # ssh:// and the like: only the client knows how
  esac
}

# The client takes three times as long to say the same; on a bare machine curl may be the missing one.
curl_ping() {
  if command -v curl >/dev/null; then
    curl --silent --fail --max-time 5 --output /dev/null "$@"
  else
    timeout 5 docker version >/dev/null 2>&1
  fi
}

install_engine() {
  command -v dockerd >/dev/null && return 0
  command -v apt-get >/dev/null || give_up "install Docker Engine (https://docs.docker.com/engine/install/), then run this again"
  say "installing Debian's docker.io (about 65 MB)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends docker.io iptables ca-certificates >/dev/null
}

start_engine() {
  keep_containers_when_engine_restarts
  remove_stale_pid_file
  say "starting dockerd (log: $log)"
  # A session of its own: it outlives this script and its terminal, and inherits no open file of the caller.
  setsid --fork dockerd >>"$log" 2>&1 </dev/null
  local waited=0
  until engine_answers unix:///var/run/docker.sock; do
    waited=$((waited + 1))
    if [ "$waited" -gt $((start_timeout_seconds * 10)) ]; then
      tail -n 20 "$log" >&2
      give_up "dockerd did not answer within $start_timeout_seconds s; the end of $log is above"
    fi
    sleep 0.1
  done
  say "a Docker engine answers at unix:///var/run/docker.sock"
}

# Only where nobody configured the engine: someone else's daemon.json is left alone.
keep_containers_when_engine_restarts() {
  [ -e "$config" ] && return 0
  mkdir -p "$(dirname "$config")"
  echo '{ "live-restore": true }' >"$config"
}

# The file survives a killed dockerd, and a new one refuses to start when the number in it lives, whoever that is now.
remove_stale_pid_file() {
  [ -e "$pid_file" ] || return 0
  local name
  name=$(cat "/proc/$(cat "$pid_file")/comm" 2>/dev/null || true)
  [ "$name" = dockerd ] && ! is_zombie "$(cat "$pid_file")" && return 0
  rm -f "$pid_file"
}

is_zombie() { grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

say() { echo "docker.sh: $*" >&2; }

give_up() {
  say "no Docker engine answers: $*"
  exit 3
}

main "$@"
