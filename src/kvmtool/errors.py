"""What can go wrong, and the exit status that says so."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """How `lkvm run` ended.

    The machine's own endings are even numbers from 100: a bare payload's debug exit is always
    odd, and commands that run in a guest seldom use them.
    """

    POWER_OFF = 0
    BAD_ARGUMENTS = 2
    GUEST_PANIC = 100
    TRIPLE_FAULT = 102
    KVM_ERROR = 104
    NO_USABLE_KVM = 106
    NO_STATUS = 108
    INTERRUPTED = 130


class KvmtoolError(Exception):
    """Base of every error that a user is to see: one line that says what is wrong."""

    exit_status = ExitStatus.KVM_ERROR


class BadInput(KvmtoolError):
    """An argument, or a file that it names, cannot be used."""

    exit_status = ExitStatus.BAD_ARGUMENTS


class NoUsableKvm(KvmtoolError):
    """This host has no /dev/kvm that can do what was asked."""

    exit_status = ExitStatus.NO_USABLE_KVM


class KvmFailure(KvmtoolError):
    """KVM refused an ioctl or left guest mode for good."""


class CapabilityMissing(KvmFailure):
    """This host's KVM lacks a capability; the message names it."""
