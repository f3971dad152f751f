# Part of virtqueue.pyx: a queue's state, guest memory, chains and their slots.

cdef struct Descriptor:
    uint64_t addr
    uint32_t len
    uint16_t flags
    uint16_t next               # of a split descriptor; the buffer id of a packed one

cdef struct Slot:
    ChainState chain            # first: a ChainState * is a Slot *
    uint32_t room               # entries of chain.segments
    uint32_t written
    bint pushed
    bint writing                # a writable descriptor was met
    uint16_t entry              # packed: its first entry in the in-flight region
    uint16_t last_entry
    Slot *next                  # in the list of spare or of staged ones
    Slot *younger               # popped after this one, where the queue is in order

# The layouts of the vhost-user specification. The fields come in their natural alignment.
cdef struct DescStateSplit:
    uint8_t inflight
    uint8_t padding[5]
    uint16_t next
    uint64_t counter

cdef struct QueueRegionSplit:
    uint64_t features
    uint16_t version
    uint16_t desc_num
    uint16_t last_batch_head
    uint16_t used_idx

cdef struct DescStatePacked:
    uint8_t inflight
    uint8_t padding
    uint16_t next
    uint16_t last
    uint16_t num
    uint64_t counter
    uint16_t id
    uint16_t flags
    uint32_t len
    uint64_t addr

cdef struct QueueRegionPacked:
    uint64_t features
    uint16_t version
    uint16_t desc_num
    uint16_t free_head
    uint16_t old_free_head
    uint16_t used_idx
    uint16_t old_used_idx
    uint8_t used_wrap_counter
    uint8_t old_used_wrap_counter
    uint8_t padding[7]

cdef struct Resubmission:
    uint64_t counter
    uint16_t entry              # split: the head; packed: the first entry in the region
    uint16_t count              # packed: descriptors

cdef struct Ring:
    uint32_t size
    bint packed
    bint event_idx
    bint indirect
    bint in_order
    uint8_t *descriptors
    uint8_t *driver
    uint8_t *device
    MemoryRange *ranges
    uint32_t range_count
    uint32_t range_hint         # where the last address was found

    uint16_t next_avail         # split: free-running; packed: a place in the ring
    uint16_t avail_seen         # split: the available index when it was read last
    uint16_t used_idx
    uint16_t avail_wrap         # packed: 0 or 1
    uint16_t used_wrap
    uint32_t outstanding        # packed: ring entries that were popped and not published

    Slot **held                 # by head or buffer id: not yet published
    Slot *spare
    Slot *staged                # pushed, oldest first
    Slot *staged_last
    Slot *oldest                # in order: popped and not staged, oldest first
    Slot *youngest
    uint32_t in_flight
    uint64_t segment_room       # of all slots

    QueueRegionSplit *split_region
    DescStateSplit *split_states
    QueueRegionPacked *packed_region
    DescStatePacked *packed_states
    uint16_t *links             # packed: `next` of each entry: the region's are only written
    uint16_t free_head
    uint64_t counter
    Resubmission *resubmissions
    uint32_t resubmission_count
    uint32_t resubmitted

    bint notification_due       # one may have been lost
    const char *rule            # that was broken, with the values for its {0} and {1}
    uint64_t values[2]

    uint64_t chains
    uint64_t bytes_read
    uint64_t bytes_written
    uint64_t publishes
    uint64_t notifications

cdef inline MemoryRange *find_range(
    MemoryRange *ranges, uint32_t count, uint64_t gpa
) noexcept nogil:
    cdef uint32_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) // 2
        if ranges[middle].last < gpa:
            low = middle + 1
        else:
            high = middle
    if low == count or ranges[low].first > gpa:
        return NULL
    return &ranges[low]

cdef inline MemoryRange *ring_range(Ring *ring, uint64_t gpa) noexcept nogil:
    cdef MemoryRange *found = &ring.ranges[ring.range_hint]
    if found.first <= gpa <= found.last:
        return found
    found = find_range(ring.ranges, ring.range_count, gpa)
    if found != NULL:
        ring.range_hint = <uint32_t>(found - ring.ranges)
    return found

cdef int fail(Ring *ring, const char *rule, uint64_t first, uint64_t second) noexcept nogil:
    ring.rule = rule
    ring.values[0] = first
    ring.values[1] = second
    return -1

# The 16 bytes of an indirect descriptor that crosses from one range into the next.
cdef int copy_descriptor(Ring *ring, uint64_t gpa, uint8_t *to) noexcept nogil:
    cdef MemoryRange *found
    cdef int place
    for place in range(16):
        found = ring_range(ring, gpa + place)
        if found == NULL:
            return -1
        to[place] = (<uint8_t *><uintptr_t>(found.hva + (gpa + place - found.first)))[0]
    return 0

cdef Slot *take_slot(Ring *ring) noexcept nogil:
    cdef Slot *slot = ring.spare
    if slot != NULL:
        ring.spare = slot.next
    else:
        slot = <Slot *>calloc(1, sizeof(Slot))
        if slot == NULL:
            return NULL
        slot.chain.segments = <iovec *>malloc(FEW_SEGMENTS * sizeof(iovec))
        if slot.chain.segments == NULL:
            free(slot)
            return NULL
        slot.room = FEW_SEGMENTS
        ring.segment_room += FEW_SEGMENTS
    slot.chain.descriptors = 0
    slot.chain.readable_count = 0
    slot.chain.writable_count = 0
    slot.chain.readable_bytes = 0
    slot.chain.writable_bytes = 0
    slot.written = 0
    slot.pushed = False
    slot.writing = False
    slot.next = NULL
    slot.younger = NULL
    return slot

cdef void give_slot(Ring *ring, Slot *slot) noexcept nogil:
    cdef iovec *smaller
    if slot.room > KEPT_SEGMENTS:
        smaller = <iovec *>realloc(slot.chain.segments, FEW_SEGMENTS * sizeof(iovec))
        if smaller != NULL:
            slot.chain.segments = smaller
            ring.segment_room -= slot.room - FEW_SEGMENTS
            slot.room = FEW_SEGMENTS
    slot.next = ring.spare
    ring.spare = slot

cdef int grow_slot(Ring *ring, Slot *slot) noexcept nogil:
    cdef uint32_t room = slot.room * 2
    cdef iovec *larger
    if ring.segment_room + slot.room > MOST_SEGMENTS:
        return fail(ring, b"a queue may have {0} segments in flight, not more", MOST_SEGMENTS, 0)
    larger = <iovec *>realloc(slot.chain.segments, room * sizeof(iovec))
    if larger == NULL:
        return fail(ring, b"no memory for a chain of more than {0} segments", slot.room, 0)
    slot.chain.segments = larger
    ring.segment_room += slot.room
    slot.room = room
    return 0

cdef int add_buffer(
    Ring *ring, Slot *slot, uint64_t gpa, uint64_t size, bint writable
) noexcept nogil:
    cdef ChainState *chain = &slot.chain
    cdef MemoryRange *found
    cdef uint64_t part, left = size, total = chain.readable_bytes + chain.writable_bytes + size
    cdef uint32_t count
    if writable:
        slot.writing = True
    elif slot.writing:
        return fail(ring, b"readable buffers come before writable ones, not {0:#x} after them",
                    gpa, 0)
    if size == 0:
        return 0
    if gpa + (size - 1) < gpa:
        return fail(ring, b"a buffer may not wrap: {1} bytes at {0:#x}", gpa, size)
    if total > MOST_BYTES:
        return fail(ring, b"a chain may have {0} bytes, not {1}", MOST_BYTES, total)
    while True:
        found = ring_range(ring, gpa)
        if found == NULL:
            return fail(ring, b"a buffer lies in memory; there is none at {0:#x} for {1} bytes",
                        gpa, left)
        if writable and not found.writable:
            return fail(ring, b"a buffer at {0:#x} for {1} bytes is in memory that is read-only",
                        gpa, left)
        count = chain.readable_count + chain.writable_count
        if count == slot.room and grow_slot(ring, slot) < 0:
            return -1
        part = found.last - gpa
        part = left if part >= left - 1 else part + 1
        chain.segments[count].iov_base = <void *><uintptr_t>(found.hva + (gpa - found.first))
        chain.segments[count].iov_len = part
        if writable:
            chain.writable_count += 1
        else:
            chain.readable_count += 1
        left -= part
        if left == 0:
            break
        gpa += part
    if writable:
        chain.writable_bytes += size
    else:
        chain.readable_bytes += size
    return 0

# Adds the buffers of the indirect table that `place` describes; `length` descriptors of the chain
# came before it.
cdef int add_table(Ring *ring, Slot *slot, Descriptor *place, uint32_t length) noexcept nogil:
    cdef MemoryRange *found
    cdef uint8_t *table = NULL
    cdef uint8_t copied[16]
    cdef uint8_t *source
    cdef uint64_t high
    cdef uint32_t entries = place.len // 16, index = 0
    cdef uint16_t flags
    if not ring.indirect:
        return fail(ring, b"INDIRECT needs VIRTIO_F_INDIRECT_DESC, which was not accepted", 0, 0)
    if place.len == 0 or place.len % 16:
        return fail(ring, b"an indirect table is 16 bytes or a multiple of that, not {0}",
                    place.len, 0)
    if entries + length > ring.size:
        return fail(ring, b"a chain may be as long as the queue size of {0}, not {1}",
                    ring.size, entries + length)
    if place.addr + (place.len - 1) < place.addr:
        return fail(ring, b"an indirect table may not wrap: {1} bytes at {0:#x}",
                    place.addr, place.len)
    found = ring_range(ring, place.addr)
    if found != NULL and found.last - place.addr >= place.len - 1:
        table = <uint8_t *><uintptr_t>(found.hva + (place.addr - found.first))
    while True:
        if table != NULL:
            source = table + 16 * index
        else:
            source = copied
            if copy_descriptor(ring, place.addr + 16 * index, source) < 0:
                return fail(ring, b"an indirect table lies in memory, not {1} bytes at {0:#x}",
                            place.addr, place.len)
        high = vq_load64(source + 8)
        if ring.packed:
            # All flags but WRITE are reserved here, and ignored (2.8.7).
            flags = high >> 48
            if add_buffer(ring, slot, vq_load64(source), <uint32_t>high, flags & DESC_WRITE) < 0:
                return -1
            index += 1
            if index == entries:
                return 0
            continue
        flags = (high >> 32) & 0xFFFF
        if flags & DESC_INDIRECT:
            return fail(ring, b"an indirect table may not refer to another one, as entry {0} does",
                        index, 0)
        length += 1
        if length > ring.size:
            return fail(ring, b"a chain may be as long as the queue size of {0}, not longer",
                        ring.size, 0)
        if add_buffer(ring, slot, vq_load64(source), <uint32_t>high, flags & DESC_WRITE) < 0:
            return -1
        if not flags & DESC_NEXT:
            return 0
        index = high >> 48
        if index >= entries:
            return fail(ring, b"next must be below the {0} entries of the indirect table, not {1}",
                        entries, index)

cdef inline void hold(Ring *ring, Slot *slot) noexcept nogil:
    ring.held[slot.chain.head] = slot
    ring.in_flight += 1
    ring.chains += 1
    if ring.in_order:
        if ring.oldest == NULL:
            ring.oldest = slot
        else:
            ring.youngest.younger = slot
        ring.youngest = slot

cdef inline void stage(Ring *ring, Slot *slot) noexcept nogil:
    slot.next = NULL
    if ring.staged == NULL:
        ring.staged = slot
    else:
        ring.staged_last.next = slot
    ring.staged_last = slot

cdef void ring_push(Ring *ring, ChainState *chain, uint32_t written) noexcept nogil:
    cdef Slot *slot = <Slot *>chain
    if slot.pushed:
        return
    slot.pushed = True
    slot.written = written
    if written > chain.writable_bytes:
        slot.written = <uint32_t>chain.writable_bytes
    ring.in_flight -= 1
    ring.bytes_read += chain.readable_bytes
    ring.bytes_written += slot.written
    if not ring.in_order:
        stage(ring, slot)
        return
    # A device that accepted IN_ORDER uses buffers in the order they were made available (2.7.9).
    while ring.oldest != NULL and ring.oldest.pushed:
        slot = ring.oldest
        ring.oldest = slot.younger
        stage(ring, slot)
