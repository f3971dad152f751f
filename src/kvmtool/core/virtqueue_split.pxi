# Part of virtqueue.pyx: split rings (virtio 1.3, 2.7).

cdef int split_pop(Ring *ring, ChainState **chain) noexcept nogil:
    cdef bint again = ring.resubmitted < ring.resubmission_count
    cdef Slot *slot
    cdef Descriptor descriptor
    cdef uint64_t high
    cdef uint32_t length = 0
    cdef uint16_t head, index, ahead
    cdef uint8_t *source
    if again:
        head = ring.resubmissions[ring.resubmitted].entry
    else:
        if ring.avail_seen == ring.next_avail:
            index = vq_load16_acquire(ring.driver + 2)
            ahead = <uint16_t>(index - ring.next_avail)
            if ahead == 0:
                return 0
            if ahead > ring.size:
                return fail(
                    ring, b"the available index may be {0} ahead, as the queue's size, not {1}",
                    ring.size, ahead)
            ring.avail_seen = index
        head = vq_load16(ring.driver + 4 + 2 * (ring.next_avail & (ring.size - 1)))
        if head >= ring.size:
            return fail(ring, b"a head must be below the queue size of {0}, not {1}",
                        ring.size, head)
    if ring.held[head] != NULL:
        return fail(ring, b"a chain is made available once until it is used, not head {0} again",
                    head, 0)
    slot = take_slot(ring)
    if slot == NULL:
        return fail(ring, b"no memory for a chain", 0, 0)
    slot.chain.head = head
    index = head
    while True:
        source = ring.descriptors + 16 * <uint32_t>index
        descriptor.addr = vq_load64(source)
        high = vq_load64(source + 8)
        descriptor.len = <uint32_t>high
        descriptor.flags = (high >> 32) & 0xFFFF
        descriptor.next = high >> 48
        if descriptor.flags & DESC_INDIRECT:
            if descriptor.flags & DESC_NEXT:
                fail(ring, b"a descriptor has INDIRECT or NEXT, not both as {0} has", index, 0)
            elif add_table(ring, slot, &descriptor, length) == 0:
                break
            give_slot(ring, slot)
            return -1
        length += 1
        if length > ring.size:
            give_slot(ring, slot)
            return fail(ring, b"a chain may be as long as the queue size of {0}, not longer",
                        ring.size, 0)
        if add_buffer(
            ring, slot, descriptor.addr, descriptor.len, descriptor.flags & DESC_WRITE
        ) < 0:
            give_slot(ring, slot)
            return -1
        if not descriptor.flags & DESC_NEXT:
            break
        index = descriptor.next
        if index >= ring.size:
            give_slot(ring, slot)
            return fail(ring, b"next must be below the queue size of {0}, not {1}",
                        ring.size, index)
    hold(ring, slot)
    if again:
        ring.resubmitted += 1
    else:
        if ring.split_region != NULL:
            ring.split_states[head].counter = ring.counter
            ring.counter += 1
            vq_program_order()
            ring.split_states[head].inflight = 1
            vq_program_order()
        ring.next_avail += 1
    chain[0] = &slot.chain
    return 1

cdef bint split_publish(Ring *ring) noexcept nogil:
    cdef Slot *slot = ring.staged
    cdef Slot *following
    cdef uint8_t *entry
    cdef uint16_t used_idx = ring.used_idx, used, event
    while slot != NULL:
        if ring.split_region != NULL:
            ring.split_states[slot.chain.head].next = ring.split_region.last_batch_head
            vq_program_order()
            ring.split_region.last_batch_head = slot.chain.head
        entry = ring.device + 4 + 8 * <uint32_t>(used_idx & (ring.size - 1))
        vq_store32(entry, slot.chain.head)
        vq_store32(entry + 4, slot.written)
        used_idx += 1
        slot = slot.next
    vq_store16_release(ring.device + 2, used_idx)
    vq_full_fence()
    slot = ring.staged
    while slot != NULL:
        following = slot.next
        if ring.split_region != NULL:
            ring.split_states[slot.chain.head].inflight = 0
        ring.held[slot.chain.head] = NULL
        give_slot(ring, slot)
        slot = following
    ring.staged = NULL
    if ring.split_region != NULL:
        vq_program_order()
        ring.split_region.used_idx = used_idx
        vq_program_order()
    used = <uint16_t>(used_idx - ring.used_idx)
    ring.used_idx = used_idx
    if ring.event_idx:
        event = vq_load16(ring.driver + 4 + 2 * ring.size)
        return <uint16_t>(used_idx - event - 1) < used
    return not vq_load16(ring.driver) & 1
