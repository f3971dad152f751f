# What compiled code may do with a virtqueue without the interpreter lock. Contracts: virtqueue.pyi.

from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef extern from "<sys/uio.h>" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len


# One popped chain. The readable buffers come first in `segments`, then the writable ones.
# `segments` belongs to the queue and stays until the chain is pushed.
cdef struct ChainState:
    uint16_t head
    uint16_t descriptors        # how many ring entries a packed chain takes
    uint32_t readable_count     # entries of `segments`
    uint32_t writable_count
    uint64_t readable_bytes
    uint64_t writable_bytes
    iovec *segments


# A range of guest memory: its first and last gpa, where the first one is here, and whether devices
# may write to it.
cdef struct MemoryRange:
    uint64_t first
    uint64_t last
    uint64_t hva
    bint writable


cdef class GuestMap:
    cdef MemoryRange *_ranges   # sorted, apart; those that continue each other here are one
    cdef uint32_t _count
    cdef object _keep


cdef class Virtqueue:
    cdef void *_ring            # struct Ring of virtqueue.pyx
    cdef GuestMap _memory
    cdef object _inflight       # the memoryview that keeps the in-flight region in place

    # 1: *chain is the next available one (valid until pushed); 0: none; -1: the driver broke a
    # rule, `fault()` says which, and the queue stays broken.
    cdef int pop_state(self, ChainState **chain) noexcept nogil
    # Stages a used entry. `chain` came from pop_state and was not pushed yet.
    cdef void push_state(self, ChainState *chain, uint32_t written) noexcept nogil
    # As publish, arm and disarm of the .pyi.
    cdef bint publish_state(self) noexcept nogil
    cdef bint arm_state(self) noexcept nogil
    cdef void disarm_state(self) noexcept nogil
    # The message of the ProtocolError after -1; None while the queue is sound.
    cdef object fault(self)
