# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Virtqueues, device side: split and packed rings in guest memory (virtio 1.3, 2.6 to 2.8).

The guest can write to everything here at any moment: each value is loaded once, into a local, and
checked there. Where a queue was is kept in an in-flight region as the vhost-user specification
lays it out ("Inflight I/O tracking"), so that another process can go on after this one was killed.
Types and contracts are in virtqueue.pyi; what compiled code calls is in virtqueue.pxd.
"""

from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

cimport cython

cdef extern from * nogil:
    """
    #include <limits.h>
    #include <stdint.h>
    #include <sys/uio.h>

    #define vq_load16(p) __atomic_load_n((const uint16_t *)(p), __ATOMIC_RELAXED)
    #define vq_load16_acquire(p) __atomic_load_n((const uint16_t *)(p), __ATOMIC_ACQUIRE)
    #define vq_load32(p) __atomic_load_n((const uint32_t *)(p), __ATOMIC_RELAXED)
    #define vq_store16(p, v) __atomic_store_n((uint16_t *)(p), (v), __ATOMIC_RELAXED)
    #define vq_store16_release(p, v) __atomic_store_n((uint16_t *)(p), (v), __ATOMIC_RELEASE)
    #define vq_store32(p, v) __atomic_store_n((uint32_t *)(p), (v), __ATOMIC_RELAXED)
    /* Between what this side stores and what it then reads of the other side. */
    #define vq_full_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
    /* The kernel ends a process between two instructions: what a killed process left in the
       in-flight region is in program order, if the compiler keeps to that. */
    #define vq_program_order() __atomic_signal_fence(__ATOMIC_SEQ_CST)

    /* An indirect table need not be aligned. Volatile: the compiler may not load twice. */
    struct vq_word { uint64_t value; } __attribute__((packed));
    static inline uint64_t vq_load64(const uint8_t *from)
    {
        return ((const volatile struct vq_word *)from)->value;
    }

    #ifndef IOV_MAX
    #define IOV_MAX 1024
    #endif
    """
    uint16_t vq_load16(const void *)
    uint16_t vq_load16_acquire(const void *)
    uint32_t vq_load32(const void *)
    void vq_store16(void *, uint16_t)
    void vq_store16_release(void *, uint16_t)
    void vq_store32(void *, uint32_t)
    void vq_full_fence()
    void vq_program_order()
    uint64_t vq_load64(const uint8_t *)
    int IOV_MAX
    ssize_t readv(int fd, const iovec *segments, int count)
    ssize_t writev(int fd, const iovec *segments, int count)

cdef uint64_t MOST_BYTES = 0xFFFFFFFF

cdef enum:
    MOST_DESCRIPTORS = 32768
    # A chain of indirect descriptors takes one entry of the ring and may have as many segments as
    # the ring has entries: without a limit, 16 GiB for the largest queue. 64 MiB are enough for
    # every queue of up to 2048 entries.
    MOST_SEGMENTS = 4 * 1024 * 1024
    FEW_SEGMENTS = 16           # what each chain has room for from the start
    KEPT_SEGMENTS = 64          # a chain that took more gives them back

    DESC_NEXT = 1
    DESC_WRITE = 2
    DESC_INDIRECT = 4
    PACKED_AVAIL = 1 << 7
    PACKED_USED = 1 << 15
    EVENT_ENABLE = 0
    EVENT_DISABLE = 1
    EVENT_DESC = 2

    INFLIGHT_VERSION = 1
    INFLIGHT_ALIGNMENT = 64     # of the parts of the queues in an in-flight region

LARGEST_QUEUE = MOST_DESCRIPTORS


class ProtocolError(Exception):
    """The driver broke a rule of the specification."""


include "virtqueue_ring.pxi"
include "virtqueue_split.pxi"
include "virtqueue_packed.pxi"


cdef int ring_pop(Ring *ring, ChainState **chain) noexcept nogil:
    if ring.rule != NULL:
        return -1
    if ring.packed:
        return packed_pop(ring, chain)
    return split_pop(ring, chain)

cdef bint ring_publish(Ring *ring) noexcept nogil:
    cdef bint wanted
    if ring.rule != NULL:
        return False
    wanted = ring.notification_due
    ring.notification_due = False
    if ring.staged != NULL:
        ring.publishes += 1
        if packed_publish(ring) if ring.packed else split_publish(ring):
            wanted = True
    if wanted:
        ring.notifications += 1
    return wanted

cdef bint ring_arm(Ring *ring) noexcept nogil:
    cdef uint32_t event
    if ring.rule != NULL:
        return False
    if ring.packed:
        event = EVENT_ENABLE << 16
        if ring.event_idx:
            event = EVENT_DESC << 16 | ring.avail_wrap << 15 | ring.next_avail
        vq_store32(ring.device, event)
    elif ring.event_idx:
        vq_store16(ring.device + 4 + 8 * ring.size, ring.next_avail)
    else:
        vq_store16(ring.device, 0)
    vq_full_fence()
    if ring.resubmitted < ring.resubmission_count:
        return True
    if ring.packed:
        return packed_available(
            vq_load16(ring.descriptors + 16 * <uint32_t>ring.next_avail + 14), ring.avail_wrap)
    return ring.avail_seen != ring.next_avail or vq_load16(ring.driver + 2) != ring.next_avail

cdef void ring_disarm(Ring *ring) noexcept nogil:
    if ring.rule != NULL:
        return
    if ring.packed:
        vq_store32(ring.device, EVENT_DISABLE << 16)
    elif not ring.event_idx:
        vq_store16(ring.device, 1)      # VIRTQ_USED_F_NO_NOTIFY

cdef void free_slot(Slot *slot) noexcept:
    free(slot.chain.segments)
    free(slot)

cdef void free_ring(Ring *ring) noexcept:
    cdef Slot *slot
    cdef uint32_t index
    if ring.held != NULL:
        for index in range(ring.size):
            if ring.held[index] != NULL:
                free_slot(ring.held[index])
    while ring.spare != NULL:
        slot = ring.spare
        ring.spare = slot.next
        free_slot(slot)
    free(ring.held)
    free(ring.links)
    free(ring.resubmissions)
    free(ring)


include "virtqueue_inflight.pxi"
include "virtqueue_chain.pxi"


cdef void *area(GuestMap memory, gpa, uint64_t size, uint64_t alignment, str name) except NULL:
    if gpa % alignment:
        raise ProtocolError(f"the {name} must be aligned to {alignment} bytes, not at {gpa:#x}")
    cdef MemoryRange *found = NULL
    if 0 <= gpa <= 0xFFFFFFFFFFFFFFFF:
        found = find_range(memory._ranges, memory._count, gpa)
    if found == NULL or found.last - <uint64_t>gpa < size - 1:
        raise ProtocolError(f"the {name} lies in one region, not {size} bytes at {gpa:#x}")
    if not found.writable:
        raise ProtocolError(f"the {name} lies in memory for data, not at {gpa:#x}, read-only")
    cdef uint64_t hva = found.hva + (<uint64_t>gpa - found.first)
    if hva % alignment:
        # Loads and stores there would not be atomic.
        raise ProtocolError(
            f"the {name} must be aligned to {alignment} bytes here too, not at {hva:#x}")
    return <void *><uintptr_t>hva

cdef int start_split(Ring *ring, uint32_t base) except -1:
    ring.next_avail = base & 0xFFFF
    ring.avail_seen = ring.next_avail
    ring.used_idx = base >> 16
    if base and not ring.used_idx:
        # A front-end of vhost-user keeps the available index only.
        ring.used_idx = vq_load16(ring.device + 2)
    return 0

cdef int start_packed(Ring *ring, uint32_t base) except -1:
    cdef uint32_t avail = base & 0x7FFF, used = (base >> 16) & 0x7FFF
    ring.avail_wrap = (base >> 15) & 1
    ring.used_wrap = base >> 31
    if avail >= ring.size or used >= ring.size:
        raise ProtocolError(
            f"indices of a packed queue are below its size of {ring.size}, not {max(avail, used)}")
    if ring.avail_wrap != ring.used_wrap:
        avail += ring.size
    if not used <= avail <= used + ring.size:
        raise ProtocolError(f"a queue of {ring.size} cannot be at {base:#010x}")
    ring.outstanding = avail - used
    ring.next_avail = avail % ring.size
    ring.used_idx = used
    return 0


cdef class Virtqueue:
    def __cinit__(
        self,
        GuestMap memory not None,
        *,
        size,
        descriptors,
        driver,
        device,
        bint packed=False,
        bint event_idx=False,
        bint indirect=True,
        bint in_order=False,
        base=None,
        inflight=None,
    ):
        cdef Ring *ring
        cdef uint64_t number
        if packed:
            if not 1 <= size <= MOST_DESCRIPTORS:
                raise ProtocolError(
                    f"packed queue size must be 1 to {MOST_DESCRIPTORS}, not {size}")
        elif not 1 <= size <= MOST_DESCRIPTORS or size & (size - 1):
            raise ProtocolError(
                f"queue size must be a power of two up to {MOST_DESCRIPTORS}, not {size}")
        number = size
        self._memory = memory
        self._ring = ring = <Ring *>calloc(1, sizeof(Ring))
        if ring == NULL:
            raise MemoryError
        ring.size = number
        ring.packed = packed
        ring.event_idx = event_idx
        ring.indirect = indirect
        ring.in_order = in_order
        ring.ranges = memory._ranges
        ring.range_count = memory._count
        ring.held = <Slot **>calloc(number, sizeof(Slot *))
        if ring.held == NULL:
            raise MemoryError
        if packed:
            ring.descriptors = <uint8_t *>area(
                memory, descriptors, 16 * number, 16, "descriptor ring")
            ring.driver = <uint8_t *>area(memory, driver, 4, 4, "driver event suppression")
            ring.device = <uint8_t *>area(memory, device, 4, 4, "device event suppression")
        else:
            ring.descriptors = <uint8_t *>area(
                memory, descriptors, 16 * number, 16, "descriptor table")
            ring.driver = <uint8_t *>area(memory, driver, 6 + 2 * number, 2, "available ring")
            ring.device = <uint8_t *>area(memory, device, 6 + 8 * number, 4, "used ring")
        if base is None:
            base = 0x80008000 if packed else 0
        if not 0 <= base <= 0xFFFFFFFF:
            raise ProtocolError(f"the base of a queue has 32 bits, not {base:#x}")
        if packed:
            start_packed(ring, base)
        else:
            start_split(ring, base)
        if inflight is not None:
            self._inflight = go_on(ring, inflight)

    def __dealloc__(self):
        if self._ring != NULL:
            free_ring(<Ring *>self._ring)

    cdef int pop_state(self, ChainState **chain) noexcept nogil:
        return ring_pop(<Ring *>self._ring, chain)

    cdef void push_state(self, ChainState *chain, uint32_t written) noexcept nogil:
        ring_push(<Ring *>self._ring, chain, written)

    cdef bint publish_state(self) noexcept nogil:
        return ring_publish(<Ring *>self._ring)

    cdef bint arm_state(self) noexcept nogil:
        return ring_arm(<Ring *>self._ring)

    cdef void disarm_state(self) noexcept nogil:
        ring_disarm(<Ring *>self._ring)

    cdef object fault(self):
        cdef Ring *ring = <Ring *>self._ring
        if ring.rule == NULL:
            return None
        return (<bytes>ring.rule).decode().format(ring.values[0], ring.values[1])

    def pop(self):
        cdef ChainState *state = NULL
        cdef Chain chain
        cdef int found = ring_pop(<Ring *>self._ring, &state)
        if found == 0:
            return None
        if found < 0:
            raise ProtocolError(self.fault())
        chain = Chain.__new__(Chain)
        chain._queue = self
        chain._slot = <Slot *>state
        chain.head = state.head
        chain.readable = state.readable_bytes
        chain.writable = state.writable_bytes
        chain._write_segment = state.readable_count
        return chain

    def push(self, Chain chain not None):
        if chain._queue is not self:
            raise ValueError(f"chain {chain.head} is of another queue")
        ring_push(<Ring *>self._ring, chain.state(), chain.written)
        chain._slot = NULL

    def publish(self):
        return ring_publish(<Ring *>self._ring)

    def arm(self):
        return ring_arm(<Ring *>self._ring)

    def disarm(self):
        ring_disarm(<Ring *>self._ring)

    @property
    def size(self):
        return (<Ring *>self._ring).size

    @property
    def packed(self):
        return (<Ring *>self._ring).packed

    @property
    def base(self):
        cdef Ring *ring = <Ring *>self._ring
        cdef uint32_t avail = ring.next_avail, used = ring.used_idx
        if ring.packed:
            avail |= <uint32_t>ring.avail_wrap << 15
            used |= <uint32_t>ring.used_wrap << 15
        return used << 16 | avail

    @property
    def in_flight(self):
        return (<Ring *>self._ring).in_flight

    def counters(self):
        cdef Ring *ring = <Ring *>self._ring
        return {
            "chains": ring.chains,
            "bytes_read": ring.bytes_read,
            "bytes_written": ring.bytes_written,
            "publishes": ring.publishes,
            "notifications": ring.notifications,
        }
