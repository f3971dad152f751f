# Part of virtqueue.pyx: packed rings (virtio 1.3, 2.8).

cdef inline bint packed_available(uint16_t flags, uint16_t wrap) noexcept nogil:
    return (flags >> 7) & 1 == wrap and (flags >> 15) & 1 != wrap

# Reads the ring from `next_avail` on into `slot`; the id ends up in slot.chain.head.
cdef int packed_read(Ring *ring, Slot *slot, uint16_t flags) noexcept nogil:
    cdef Descriptor descriptor
    cdef DescStatePacked *state
    cdef uint64_t high
    cdef uint32_t most = ring.size - ring.outstanding, length = 0
    cdef uint16_t place = ring.next_avail, wrap = ring.avail_wrap, entry = ring.free_head
    cdef uint8_t *source
    slot.entry = entry
    while True:
        if length >= most:
            return fail(ring, b"the ring of {0} has {1} entries left, fewer than the next chain",
                        ring.size, most)
        source = ring.descriptors + 16 * <uint32_t>place
        descriptor.addr = vq_load64(source)
        high = vq_load64(source + 8)
        descriptor.len = <uint32_t>high
        descriptor.next = (high >> 32) & 0xFFFF
        # The flags of the first descriptor were loaded already: they say that it is available.
        descriptor.flags = flags if length == 0 else <uint16_t>(high >> 48)
        if length and not packed_available(descriptor.flags, wrap):
            return fail(
                ring, b"all descriptors of a chain are available, not {0} with flags {1:#x}",
                place, descriptor.flags)
        length += 1
        if ring.packed_region != NULL:
            state = &ring.packed_states[entry]
            state.addr = descriptor.addr
            state.len = descriptor.len
            state.flags = descriptor.flags
            state.id = descriptor.next
            slot.last_entry = entry
            entry = ring.links[entry]
        place += 1
        if place == ring.size:
            place = 0
            wrap ^= 1
        if descriptor.flags & DESC_INDIRECT:
            if descriptor.flags & DESC_NEXT or length > 1:
                return fail(ring, b"a packed chain has indirect descriptors only, and just one",
                            0, 0)
            if add_table(ring, slot, &descriptor, 0) < 0:
                return -1
            break
        if add_buffer(
            ring, slot, descriptor.addr, descriptor.len, descriptor.flags & DESC_WRITE
        ) < 0:
            return -1
        if not descriptor.flags & DESC_NEXT:
            break
    slot.chain.head = descriptor.next
    slot.chain.descriptors = length
    return 0

# Reads the chain again that the in-flight region has in `resubmission`.
cdef int packed_read_again(Ring *ring, Slot *slot, Resubmission *resubmission) noexcept nogil:
    cdef Descriptor descriptor
    cdef uint64_t high
    cdef uint32_t index
    cdef uint16_t entry = resubmission.entry
    cdef uint8_t *source
    slot.entry = entry
    descriptor.next = 0
    for index in range(resubmission.count):
        source = <uint8_t *>&ring.packed_states[entry]
        high = vq_load64(source + 16)
        descriptor.next = high & 0xFFFF
        descriptor.flags = (high >> 16) & 0xFFFF
        descriptor.len = high >> 32
        descriptor.addr = vq_load64(source + 24)
        if descriptor.flags & DESC_INDIRECT:
            if resubmission.count > 1:
                return fail(ring, b"a packed chain has indirect descriptors only, and just one",
                            0, 0)
            if add_table(ring, slot, &descriptor, 0) < 0:
                return -1
        elif add_buffer(
            ring, slot, descriptor.addr, descriptor.len, descriptor.flags & DESC_WRITE
        ) < 0:
            return -1
        slot.last_entry = entry
        entry = ring.links[entry]
    slot.chain.head = descriptor.next
    slot.chain.descriptors = resubmission.count
    return 0

cdef int packed_pop(Ring *ring, ChainState **chain) noexcept nogil:
    cdef bint again = ring.resubmitted < ring.resubmission_count
    cdef Slot *slot
    cdef DescStatePacked *state
    cdef uint32_t place
    cdef uint16_t flags = 0
    cdef int failed
    if not again:
        flags = vq_load16_acquire(ring.descriptors + 16 * <uint32_t>ring.next_avail + 14)
        if not packed_available(flags, ring.avail_wrap):
            return 0
    slot = take_slot(ring)
    if slot == NULL:
        return fail(ring, b"no memory for a chain", 0, 0)
    if again:
        failed = packed_read_again(ring, slot, &ring.resubmissions[ring.resubmitted])
    else:
        failed = packed_read(ring, slot, flags)
    if failed == 0:
        if slot.chain.head >= ring.size:
            failed = fail(ring, b"a buffer id must be below the queue size of {0}, not {1}",
                          ring.size, slot.chain.head)
        elif ring.held[slot.chain.head] != NULL:
            failed = fail(
                ring, b"a buffer is made available once until it is used, not id {0} again",
                slot.chain.head, 0)
    if failed < 0:
        give_slot(ring, slot)
        return -1
    hold(ring, slot)
    if again:
        ring.resubmitted += 1
    else:
        if ring.packed_region != NULL:
            state = &ring.packed_states[slot.entry]
            state.last = slot.last_entry
            state.num = slot.chain.descriptors
            state.counter = ring.counter
            ring.counter += 1
            state.inflight = 1
            ring.free_head = ring.links[slot.last_entry]
            ring.packed_region.free_head = ring.free_head
            vq_program_order()
            # From here on the entries are not free, so that `inflight` counts.
            ring.packed_region.old_free_head = ring.free_head
            vq_program_order()
        ring.outstanding += slot.chain.descriptors
        place = <uint32_t>ring.next_avail + slot.chain.descriptors
        if place >= ring.size:
            place -= ring.size
            ring.avail_wrap ^= 1
        ring.next_avail = place
    chain[0] = &slot.chain
    return 1

cdef inline uint16_t used_flags(Slot *slot, uint16_t wrap) noexcept nogil:
    return ((PACKED_AVAIL | PACKED_USED) if wrap else 0) | (DESC_WRITE if slot.written else 0)

cdef bint packed_publish(Ring *ring) noexcept nogil:
    cdef Slot *slot
    cdef Slot *following
    cdef Slot *first = ring.staged
    cdef QueueRegionPacked *region = ring.packed_region
    cdef uint8_t *entry
    cdef uint32_t used = 0, place = ring.used_idx, event
    cdef uint16_t wrap = ring.used_wrap, event_place
    slot = first
    while slot != NULL:
        if region != NULL:
            ring.packed_states[slot.last_entry].next = ring.free_head
            ring.links[slot.last_entry] = ring.free_head
            ring.free_head = slot.entry
        # The driver looks at the first one only, so that the others may be there before it.
        entry = ring.descriptors + 16 * place
        vq_store32(entry + 8, slot.written)
        vq_store16(entry + 12, slot.chain.head)
        if slot != first:
            vq_store16(entry + 14, used_flags(slot, wrap))
        used += slot.chain.descriptors
        place += slot.chain.descriptors
        if place >= ring.size:
            place -= ring.size
            wrap ^= 1
        slot = slot.next
    if region != NULL:
        vq_program_order()
        region.free_head = ring.free_head
        region.used_wrap_counter = wrap
        region.used_idx = place
        vq_program_order()
    entry = ring.descriptors + 16 * <uint32_t>ring.used_idx
    vq_store16_release(entry + 14, used_flags(first, ring.used_wrap))
    vq_full_fence()
    slot = first
    while slot != NULL:
        following = slot.next
        if region != NULL:
            ring.packed_states[slot.entry].inflight = 0
        ring.held[slot.chain.head] = NULL
        give_slot(ring, slot)
        slot = following
    ring.staged = NULL
    if region != NULL:
        vq_program_order()
        region.old_free_head = ring.free_head
        vq_program_order()
        # In this order: with the new place and the old counter, recovery still sees that the
        # batch was published.
        region.old_used_idx = place
        vq_program_order()
        region.old_used_wrap_counter = wrap
        vq_program_order()
    ring.outstanding -= used
    ring.used_idx = place
    ring.used_wrap = wrap
    event = vq_load32(ring.driver)
    if (event >> 16) & 3 == EVENT_DISABLE:
        return False
    if (event >> 16) & 3 != EVENT_DESC or not ring.event_idx:
        return True
    event_place = event & 0x7FFF
    if (event >> 15) & 1 != wrap:
        event_place = <uint16_t>(event_place - ring.size)
    return <uint16_t>(place - event_place - 1) < used
