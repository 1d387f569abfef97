# shellcheck shell=sh disable=SC2154
# Sourced by ./start and ./test: everything Bubuh needs, installed into .venv of this checkout.
#
# The caller sets `root`, the checkout's absolute path. Works as root on bare Debian 12 with nothing but sh and
# apt, and without root where Python 3.11 or newer is. A second call changes nothing and takes no time: a marker in
# .venv tells from what it was made. Power cut on any line: the marker is written last, so the next call goes on.

venv=$root/.venv
marker=$venv/made-from

# What every command needs on a bare machine, as FILE-OR-COMMAND=DEBIAN-PACKAGE.
runtime_packages='/etc/ssl/certs/ca-certificates.crt=ca-certificates libseccomp.so.2=libseccomp2
  /usr/share/zoneinfo/Asia/Jakarta=tzdata'

say() { printf '%s\n' "bubuh: $*" >&2; }

die() {
  say "$*"
  exit 1
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# has THING: a file (absolute path), a shared library (*.so.*) or a command is there.
has() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *.so.*) { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -qF "$1" ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# missing_packages THING=PACKAGE...: prints the packages whose thing is not there.
missing_packages() {
  for pair in "$@"; do
    has "${pair%%=*}" || printf ' %s' "${pair#*=}"
  done
}

# apt_install PACKAGE...: as root on Debian. A source of packages that does not answer is no reason to stop: the
# install itself says whether it found what it needs.
apt_install() {
  say "installing by apt: $*"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get -qq -o DPkg::Lock::Timeout=120 update >/dev/null </dev/null || say "apt-get update had trouble; going on"
  apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" >/dev/null </dev/null
}

# good_python COMMAND: Python 3.11 or newer that can make virtual environments.
good_python() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# find_python: sets `python`, or fails. The distribution's own goes first: one built elsewhere often lacks
# profile-guided optimisation, and took half as long again for a loop of small statements.
find_python() {
  for python in /usr/bin/python3 python3 python3.11 python3.12 python3.13 python3.14; do
    if good_python "$python"; then return 0; fi
  done
  return 1
}

# machine_packages: what only the machine's own package manager can give; sets `python`.
machine_packages() {
  # shellcheck disable=SC2086 # a list of words
  wanted=$(missing_packages $runtime_packages)
  find_python || wanted="$wanted python3 python3-venv"
  [ -n "$wanted" ] || return 0
  if can_apt; then
    # shellcheck disable=SC2086
    apt_install $wanted || say "apt could not install:$wanted"
  fi
  find_python || die "needs Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv)"
}

# made_from: what .venv would be made from now. The path comes first, for a moved checkout's .venv is broken.
made_from() {
  printf '%s\n' "$root"
  cat "$root/requirements.lock" "$root/pyproject.toml" "$root/scripts/uv.txt" "$root/scripts/setup.sh" | cksum
}

is_set_up() {
  # Without bytecode each of the service's processes compiles all that it loads: 3.5 s of processor time a start.
  unset PYTHONDONTWRITEBYTECODE
  [ -x "$venv/bin/bubuh" ] && [ "$(cat "$marker" 2>/dev/null)" = "$(made_from)" ] && "$venv/bin/python" -c ''
}

# fresh_venv: an environment whose Python and pip run and which was not made elsewhere; a good one is kept.
fresh_venv() {
  if [ "$(sed 1q "$marker" 2>/dev/null)" != "$root" ] && [ -e "$marker" ] ||
    ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$venv"
  fi
  rm -f "$marker"
}

# install_locked: exactly the locked packages, hashes checked, and this checkout in place.
install_locked() {
  if [ ! -w "${XDG_CACHE_HOME:-${HOME:-/}}" ]; then # a user without a home keeps no cache
    UV_NO_CACHE=true
    PIP_NO_CACHE_DIR=true
    export UV_NO_CACHE PIP_NO_CACHE_DIR
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$root/scripts/uv.txt"
  UV_SYSTEM_CERTS=true # the machine's certificates, as every other program here trusts them
  UV_LINK_MODE=copy    # shares no file with a cache that others write
  UV_NO_PROGRESS=true
  export UV_SYSTEM_CERTS UV_LINK_MODE UV_NO_PROGRESS
  say "installing $(grep -c '^[a-z]' "$root/requirements.lock") locked packages"
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r "$root/requirements.lock"
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e "$root"
}

# set_up: all of it, once. Two at the same time wait for each other where flock is there. Never call it in a
# condition: the shell would then go on after a failed line.
set_up() {
  if is_set_up; then return 0; fi
  say "preparing $venv (once; needs the network)"
  machine_packages
  (
    trap '[ $? = 0 ] || say "could not prepare $venv: the lines above say why; calling again goes on from here"' EXIT
    if has flock; then flock 9; fi
    if is_set_up; then exit 0; fi
    fresh_venv
    install_locked
    made_from >"$marker"
  ) 9<"$root/scripts/setup.sh"
  say "prepared"
}
