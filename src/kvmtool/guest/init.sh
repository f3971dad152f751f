#!/bin/busybox sh
# The first process of the built-in guest: runs /command, if there is one, or a shell.

/bin/busybox mkdir -p /proc /sys /dev /tmp /root /usr/bin /usr/sbin /sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM="${TERM:-vt100}"
cd /root || cd /

if [ -e /command ]; then
    . /terminal
    /bin/sh /command <"$input" >/dev/console 2>&1
    status=$?
    # Setting a changed mode waits until the console has sent everything.
    stty ixoff </dev/console
    # The machine ends when the second serial port has said how the command ended.
    echo "$status" >/dev/ttyS1
    sleep 60
else
    setsid cttyhack sh -i <>/dev/console >&0 2>&1
fi
poweroff -f
