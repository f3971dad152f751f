# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The vCPU run loop and the claim tables that it consults: everything that runs for each exit.

Documentation/virt/kvm/api.rst, section 5 ("The kvm_run structure"). The loop holds the
interpreter lock only while it calls a handler written in Python. Types and contracts are in
runloop.pyi.
"""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

import os

cimport cython

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_rwlock_t:
        pass
    int pthread_rwlock_destroy(pthread_rwlock_t *lock)
    int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
    int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
    int pthread_rwlock_unlock(pthread_rwlock_t *lock)

cdef extern from "<Python.h>":
    uint64_t PyLong_AsUnsignedLongLongMask(object) except? <uint64_t>-1

cdef extern from * nogil:
    """
    #include <linux/kvm.h>
    #include <pthread.h>
    #include <signal.h>
    #include <string.h>
    #include <sys/ioctl.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    static void kvmtool_kick_arrived(int number) { (void)number; }

    /* No SA_RESTART: the signal is to end KVM_RUN with EINTR. */
    static int kvmtool_catch_kicks(void)
    {
        struct sigaction action;
        memset(&action, 0, sizeof(action));
        action.sa_handler = kvmtool_kick_arrived;
        return sigaction(SIGRTMIN, &action, NULL);
    }

    static void kvmtool_send_kick(int thread)
    {
        syscall(SYS_tgkill, getpid(), thread, SIGRTMIN);
    }

    /* glibc lets readers starve a writer otherwise, and the writer has the interpreter lock. */
    static int kvmtool_init_rwlock(pthread_rwlock_t *lock)
    {
        pthread_rwlockattr_t attributes;
        int failure;
        pthread_rwlockattr_init(&attributes);
    #ifdef __GLIBC__
        pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    #endif
        failure = pthread_rwlock_init(lock, &attributes);
        pthread_rwlockattr_destroy(&attributes);
        return failure;
    }

    static int kvmtool_thread_id(void) { return (int)syscall(SYS_gettid); }

    #define kvmtool_kvm_run(fd) ioctl((fd), KVM_RUN, 0)
    #define kvmtool_load(pointer) __atomic_load_n((pointer), __ATOMIC_SEQ_CST)
    #define kvmtool_store(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_SEQ_CST)
    #define kvmtool_take(pointer) __atomic_exchange_n((pointer), 0, __ATOMIC_SEQ_CST)
    """
    int KVM_EXIT_IO
    int KVM_EXIT_MMIO
    int KVM_EXIT_INTR
    int KVM_EXIT_IO_OUT
    struct kvm_run_io "struct { __u8 direction; __u8 size; __u16 port; __u32 count; __u64 data_offset; }":
        uint8_t direction
        uint8_t size
        uint32_t port
        uint32_t count
        uint64_t data_offset
    struct kvm_run_mmio "struct { __u64 phys_addr; __u8 data[8]; __u32 len; __u8 is_write; }":
        uint64_t phys_addr
        uint8_t data[8]
        uint32_t len
        uint8_t is_write
    struct kvm_run:
        uint8_t immediate_exit
        uint32_t exit_reason
        kvm_run_io io
        kvm_run_mmio mmio
    int kvmtool_catch_kicks()
    void kvmtool_send_kick(int thread)
    int kvmtool_init_rwlock(pthread_rwlock_t *lock)
    int kvmtool_thread_id()
    int kvmtool_kvm_run(int fd)
    int kvmtool_load(int *pointer)
    void kvmtool_store(int *pointer, int value)
    void store_byte "kvmtool_store"(uint8_t *pointer, int value)
    int kvmtool_take(int *pointer)

KICKED = -1

cdef enum:
    COUNTED_EXITS = 64


cdef struct Slot:
    uint64_t first
    uint64_t last
    uint8_t *bytes   # NULL where Python handles the range
    void *claim      # borrowed from ClaimTable._claims


# The garbage collector must not clear what only PyBuffer_Release may give back.
@cython.no_gc_clear
cdef class Claim:
    """One range of an address space and what answers there."""

    cdef readonly uint64_t first
    cdef readonly uint64_t last
    cdef readonly str name
    cdef object _read
    cdef object _write
    cdef object _acquire
    cdef object _release
    cdef bint _is_register
    cdef Py_buffer _memory
    cdef bint _has_memory

    def __cinit__(self):
        self._has_memory = False

    def __dealloc__(self):
        if self._has_memory:
            PyBuffer_Release(&self._memory)

    def __repr__(self):
        return f"<Claim {self.first:#x}-{self.last:#x} {self.name}>"


cdef Claim _new_claim(uint64_t first, uint64_t size, str name):
    cdef Claim claim = Claim.__new__(Claim)
    if size == 0 or first + (size - 1) < first:
        raise ValueError(
            f"{name}: a claim is at least one byte long and ends below 2**64,"
            f" not {size} bytes at {first:#x}"
        )
    claim.first = first
    claim.last = first + (size - 1)
    claim.name = name
    return claim


cdef class ClaimTable:
    """What the ranges of one address space are claimed by, searched on each access."""

    cdef pthread_rwlock_t _lock
    cdef Slot *_slots
    cdef Py_ssize_t _count
    cdef list _claims
    cdef public object on_unclaimed
    cdef readonly uint64_t handled

    # The table changes only under both the interpreter lock and the write lock, so either the
    # interpreter lock or the read lock is enough to look at it.

    def __cinit__(self):
        kvmtool_init_rwlock(&self._lock)
        self._slots = NULL
        self._count = 0
        self._claims = []
        self.on_unclaimed = None

    def __dealloc__(self):
        PyMem_RawFree(self._slots)
        pthread_rwlock_destroy(&self._lock)

    def claim_register(self, uint64_t first, uint64_t width, str name, read, write, lock):
        cdef Claim claim = _new_claim(first, width, name)
        if width > 8:
            raise ValueError(f"{name}: a register is at most 8 bytes wide, not {width}")
        claim._is_register = True
        return self._add_handled(claim, read, write, lock)

    def claim_region(self, uint64_t first, uint64_t size, str name, read, write, lock):
        return self._add_handled(_new_claim(first, size, name), read, write, lock)

    def claim_bytes(self, uint64_t first, memory, str name):
        cdef Claim claim = _new_claim(first, len(memory), name)
        PyObject_GetBuffer(memory, &claim._memory, PyBUF_WRITABLE)
        claim._has_memory = True
        return self._add(claim)

    cdef Claim _add_handled(self, Claim claim, read, write, lock):
        claim._read = read
        claim._write = write
        if lock is not None:
            claim._acquire = lock.acquire
            claim._release = lock.release
        return self._add(claim)

    cdef Claim _add(self, Claim claim):
        for other in self._claims:
            if (<Claim>other).first <= claim.last and claim.first <= (<Claim>other).last:
                raise ValueError(
                    f"{claim.name} at {claim.first:#x}-{claim.last:#x} overlaps"
                    f" {(<Claim>other).name} at {(<Claim>other).first:#x}-{(<Claim>other).last:#x}"
                )
        self._replace([*self._claims, claim])
        return claim

    def release(self, Claim claim not None):
        self._replace([other for other in self._claims if other is not claim])

    def claims(self):
        return tuple(self._claims)

    cdef int _replace(self, list claims) except -1:
        claims.sort(key=_first_of)
        cdef Py_ssize_t count = len(claims), i
        cdef Slot *slots = <Slot *>PyMem_RawMalloc(max(count, 1) * sizeof(Slot))
        cdef Slot *old = self._slots
        cdef Claim claim
        if slots == NULL:
            raise MemoryError
        for i in range(count):
            claim = claims[i]
            slots[i].first = claim.first
            slots[i].last = claim.last
            slots[i].bytes = <uint8_t *>claim._memory.buf if claim._has_memory else NULL
            slots[i].claim = <void *>claim
        # A reader may wait for the interpreter lock only after it let go of the read lock, so
        # taking the write lock with the interpreter lock held cannot deadlock.
        pthread_rwlock_wrlock(&self._lock)
        self._slots = slots
        self._count = count
        pthread_rwlock_unlock(&self._lock)
        self._claims = claims
        PyMem_RawFree(old)
        return 0

    cdef Slot *_at_or_after(self, uint64_t address) noexcept nogil:
        """The first slot that ends at `address` or after it, or NULL."""
        cdef Py_ssize_t low = 0, high = self._count, middle
        while low < high:
            middle = (low + high) // 2
            if self._slots[middle].last < address:
                low = middle + 1
            else:
                high = middle
        return &self._slots[low] if low < self._count else NULL

    cdef int _access(
        self, uint64_t address, uint8_t *data, uint32_t size, bint is_write
    ) except -1 nogil:
        """Serve one access of `size` bytes (1 to 8), whose data are at `data`."""
        cdef uint64_t last = address + (size - 1)
        cdef Slot *slot
        cdef uint32_t i
        cdef bint whole, apart
        pthread_rwlock_rdlock(&self._lock)
        slot = self._at_or_after(address)
        # The slot ends at `address` or after it, so this neither borrows nor overflows.
        whole = slot != NULL and slot.first <= address and size - 1 <= slot.last - address
        if whole and slot.bytes != NULL:
            if is_write:
                memcpy(slot.bytes + (address - slot.first), data, size)
            else:
                memcpy(data, slot.bytes + (address - slot.first), size)
            pthread_rwlock_unlock(&self._lock)
            return 0
        apart = last < address or slot == NULL or slot.first > last
        pthread_rwlock_unlock(&self._lock)
        if whole:
            with gil:
                self._call(address, data, size, is_write)
        elif apart:
            if self.on_unclaimed is not None:
                with gil:
                    self._report_unclaimed(address, data, size, is_write)
            if not is_write:
                memset(data, 0xff, size)
        else:
            for i in range(size):
                self._access(address + i, data + i, 1, is_write)
        return 0

    cdef int _call(
        self, uint64_t address, uint8_t *data, uint32_t size, bint is_write
    ) except -1:
        cdef Slot *slot = self._at_or_after(address)
        cdef uint64_t offset, value = 0
        if (
            slot == NULL
            or slot.first > address
            or slot.last - address < size - 1
            or slot.bytes != NULL
        ):
            # Another vCPU moved the claim away between the look and the lock.
            if not is_write:
                memset(data, 0xff, size)
            return 0
        cdef Claim claim = <Claim>slot.claim
        handler = claim._write if is_write else claim._read
        if handler is None:
            if not is_write:
                memset(data, 0xff, size)
            return 0
        self.handled += 1
        offset = address - claim.first
        acquire = claim._acquire
        if acquire is not None:
            acquire()
        try:
            if is_write:
                memcpy(&value, data, size)
                if claim._is_register:
                    handler(value << (8 * offset))
                else:
                    handler(offset, value, size)
            else:
                if claim._is_register:
                    value = PyLong_AsUnsignedLongLongMask(handler()) >> (8 * offset)
                else:
                    value = PyLong_AsUnsignedLongLongMask(handler(offset, size))
                memcpy(data, &value, size)
        finally:
            if acquire is not None:
                claim._release()
        return 0

    cdef int _report_unclaimed(
        self, uint64_t address, uint8_t *data, uint32_t size, bint is_write
    ) except -1:
        cdef uint64_t value = 0
        report = self.on_unclaimed
        if report is not None:
            if is_write:
                memcpy(&value, data, size)
            report(address, size, value if is_write else None)
        return 0

    def read(self, uint64_t address, uint32_t size):
        cdef uint64_t value = 0
        self._check(size)
        self._access(address, <uint8_t *>&value, size, False)
        return value

    def write(self, uint64_t address, uint64_t value, uint32_t size):
        self._check(size)
        self._access(address, <uint8_t *>&value, size, True)

    cdef int _check(self, uint32_t size) except -1:
        if not 1 <= size <= 8:
            raise ValueError(f"an access is 1 to 8 bytes wide, not {size}")
        return 0


def _first_of(Claim claim):
    return claim.first


@cython.no_gc_clear
cdef class RunLoop:
    """Runs one vCPU until something happens that the tables do not answer."""

    cdef readonly int vcpu_fd
    cdef ClaimTable _ports
    cdef ClaimTable _mmio
    cdef dict _handlers
    cdef Py_buffer _area
    cdef bint _has_area
    cdef kvm_run *_run
    cdef int _kicked
    cdef int _thread
    cdef uint64_t _exits[COUNTED_EXITS]

    def __cinit__(self):
        self._has_area = False

    def __init__(self, int vcpu_fd, run_area, ClaimTable ports not None, ClaimTable mmio not None):
        if self._has_area:
            raise ValueError("a run loop is made once")
        PyObject_GetBuffer(run_area, &self._area, PyBUF_WRITABLE)
        self._has_area = True
        if self._area.len < <Py_ssize_t>sizeof(kvm_run):
            raise ValueError(f"kvm_run needs {sizeof(kvm_run)} bytes, not {self._area.len}")
        self._run = <kvm_run *>self._area.buf
        self.vcpu_fd = vcpu_fd
        self._ports = ports
        self._mmio = mmio
        self._handlers = {}
        if kvmtool_catch_kicks() != 0:
            raise OSError(errno, "sigaction(SIGRTMIN)")

    def __dealloc__(self):
        if self._has_area:
            PyBuffer_Release(&self._area)

    def on_exit(self, int reason, handler):
        if reason in (KVM_EXIT_IO, KVM_EXIT_MMIO, KVM_EXIT_INTR):
            raise ValueError(f"exit {reason} belongs to the run loop: claim the address instead")
        self._handlers[reason] = handler

    def kick(self):
        kvmtool_store(&self._kicked, 1)
        store_byte(&self._run.immediate_exit, 1)
        cdef int thread = kvmtool_load(&self._thread)
        if thread:
            kvmtool_send_kick(thread)

    def run(self):
        cdef int reason, failure = 0
        if kvmtool_load(&self._thread):
            raise RuntimeError("this vCPU already runs in another thread")
        kvmtool_store(&self._thread, kvmtool_thread_id())
        try:
            while True:
                with nogil:
                    reason = self._until_other_exit(&failure)
                if reason == -1:
                    if failure:
                        raise OSError(failure, f"KVM_RUN: {os.strerror(failure)}")
                    return KICKED
                handler = self._handlers.get(reason)
                if handler is None or not handler():
                    return reason
        finally:
            kvmtool_store(&self._thread, 0)

    cdef int _until_other_exit(self, int *failure) except -2 nogil:
        """Serve exits until one is not port I/O or MMIO: its reason, or -1 for a kick or error."""
        cdef kvm_run *run = self._run
        cdef uint32_t reason
        while True:
            if kvmtool_kvm_run(self.vcpu_fd) < 0:
                if errno != EINTR and errno != EAGAIN:
                    failure[0] = errno
                    return -1
                # A kick sets the flag before immediate_exit, so clearing in the opposite order
                # loses none: at worst the next KVM_RUN returns at once.
                store_byte(&run.immediate_exit, 0)
                if kvmtool_take(&self._kicked):
                    return -1
                with gil:
                    PyErr_CheckSignals()
                continue
            reason = run.exit_reason
            if reason < COUNTED_EXITS:
                self._exits[reason] += 1
            if reason == <uint32_t>KVM_EXIT_IO:
                self._port_io()
            elif reason == <uint32_t>KVM_EXIT_MMIO:
                if 1 <= run.mmio.len <= 8:
                    self._mmio._access(
                        run.mmio.phys_addr, run.mmio.data, run.mmio.len, run.mmio.is_write
                    )
            elif reason != <uint32_t>KVM_EXIT_INTR:
                return <int>reason

    cdef int _port_io(self) except -1 nogil:
        cdef kvm_run *run = self._run
        cdef uint32_t port = run.io.port, size = run.io.size, left = run.io.count
        cdef bint is_write = run.io.direction == KVM_EXIT_IO_OUT
        cdef uint8_t *data = <uint8_t *>run + run.io.data_offset
        if run.io.data_offset + <uint64_t>left * size > <uint64_t>self._area.len:
            return 0
        while left:
            self._ports._access(port, data, size, is_write)
            data += size
            left -= 1
        return 0

    def statistics(self):
        return {reason: count for reason, count in enumerate(self._exits) if count}
