#!/bin/busybox sh
# The first process of the built-in guest: runs /command, if there is one, or a shell.

/bin/busybox mkdir -p /proc /sys /dev /tmp /root /usr/bin /usr/sbin /sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM="${TERM:-vt100}"
cd /root || cd /
. /load_modules

# With root= on the kernel's command line everything runs in that file system.
root= type= options=ro chroot= init=/sbin/init
for word in $(cat /proc/cmdline); do
    case $word in
    root=*) root=${word#root=} ;;
    rootfstype=*) type="-t ${word#rootfstype=}" ;;
    rootflags=*) options=$options,${word#rootflags=} ;;
    rw) options=rw${options#ro} ;;
    ro) options=ro${options#r[ow]} ;;
    init=*) init=${word#init=} ;;
    esac
done
if [ -n "$root" ]; then
    mkdir -p /mnt
    tries=100 # of 0.1 s: drivers find their devices on their own time
    case $root in /dev/*) ;; *) tries=1 ;; esac
    until [ -e "$root" ] || [ $((tries -= 1)) = 0 ]; do sleep 0.1; done
    if ! mount $type -o "$options" "$root" /mnt; then
        echo "cannot mount $root" >/dev/console
        [ ! -e /command ] || echo 1 >/dev/ttyS1
        sync
        poweroff -f
    fi
    if [ ! -e /command ]; then
        for dir in proc sys dev; do umount /$dir; done
        exec switch_root /mnt "$init" <>/dev/console >&0 2>&1
    fi
    for dir in proc sys dev; do mount --bind /$dir /mnt/$dir; done
    chroot="chroot /mnt"
fi

if [ -e /command ]; then
    . /terminal
    $chroot /bin/sh -c "$(cat /command)" <"$input" >/dev/console 2>&1
    status=$?
    if [ -n "$chroot" ]; then
        # What the command left running or mounted would keep the file system in use.
        kill -9 -1
        for dir in $(sed -n 's,^[^ ]* \(/mnt[^ ]*\).*,\1,p' /proc/mounts | tac); do
            umount "$dir" 2>/dev/null || { usleep 200000; umount -r "$dir"; }
        done
    fi
    # The machine ends at once: what was written and not yet sent to a disk would be lost.
    sync
    # Setting a changed mode waits until the console has sent everything.
    stty ixoff </dev/console
    # The machine ends when the second serial port has said how the command ended.
    echo "$status" >/dev/ttyS1
    sleep 60
else
    setsid cttyhack sh -i <>/dev/console >&0 2>&1
fi
poweroff -f
