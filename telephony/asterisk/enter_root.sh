#!/bin/sh
# enter_root.sh ROOT USER CWD DIR... -- COMMAND...
# Runs a command in ROOT with each DIR visible at its own path. Needs a private mount namespace (unshare --mount):
# everything mounted here ends with the command, and ROOT, which several instances share, stays as it is.
# Each step execs the next, so the command keeps the caller's process id and gets its signals.
set -eu
root=$1 user=$2 cwd=$3
shift 3

view=$root/mnt
mount -t tmpfs -o mode=755 hotline "$view"
for entry in bin sbin lib lib32 lib64; do
  [ ! -L "$root/$entry" ] || ln -s "usr/$entry" "$view/$entry"
done
mkdir "$view/usr" "$view/etc" "$view/var" "$view/dev" "$view/proc" "$view/run"
mkdir -m 1777 "$view/tmp"
for entry in usr etc var; do
  mount --bind "$root/$entry" "$view/$entry"
done
mount --rbind /dev "$view/dev"
mount -t proc proc "$view/proc"
while [ "$1" != -- ]; do
  mkdir -p "$view$1"
  mount --bind "$1" "$view$1"
  shift
done
shift
# A call takes Asterisk some ten open files.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"
exec chroot "$view" /usr/bin/setpriv --reuid="$user" --regid="$user" --init-groups --pdeathsig=KILL \
  /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$cwd" "$@"
