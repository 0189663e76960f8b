#!/bin/sh
# install-packages.sh LOCK PACKAGE...: installs Debian packages, one run of apt at a time, and starts none of their services.
set -eu
lock=$1
shift

exec 9>"$lock"
flock 9

# Another run may have installed them while this one waited.
if dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>/dev/null | awk '$0 != "installed" { exit 1 } END { exit NR == 0 }' &&
  dpkg-query -W "$@" >/dev/null 2>&1; then
  exit 0
fi

# Debian's packages start their daemons when they are installed, unless this says no. One that is there already says what
# this machine's owner wants; in it our word is not asked for.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"
