# Part of virtqueue.pyx: going on where a killed process was (vhost-user, "Inflight I/O tracking").

def inflight_size(queue_size, packed):
    cdef uint64_t size
    if packed:
        size = sizeof(QueueRegionPacked) + <uint64_t>queue_size * sizeof(DescStatePacked)
    else:
        size = sizeof(QueueRegionSplit) + <uint64_t>queue_size * sizeof(DescStateSplit)
    return (size + INFLIGHT_ALIGNMENT - 1) // INFLIGHT_ALIGNMENT * INFLIGHT_ALIGNMENT

cdef int check_region(Ring *ring, uint16_t version, uint16_t desc_num) except -1:
    if version != INFLIGHT_VERSION:
        raise ProtocolError(f"an in-flight region has version {INFLIGHT_VERSION}, not {version}")
    if desc_num != ring.size:
        raise ProtocolError(
            f"the in-flight region is for a queue of {desc_num} descriptors, not {ring.size}")
    return 0

# Takes over (entry, counter, descriptors) of the chains in flight, in the order of counters.
cdef int resubmit(Ring *ring, list found) except -1:
    found.sort(key=_counter)
    ring.resubmissions = <Resubmission *>calloc(len(found) + 1, sizeof(Resubmission))
    if ring.resubmissions == NULL:
        raise MemoryError
    cdef Resubmission *to = ring.resubmissions
    for entry, counter, count in found:
        to.entry = entry
        to.counter = counter
        to.count = count
        to += 1
    ring.resubmission_count = len(found)
    if found:
        ring.counter = <uint64_t>(ring.resubmissions[len(found) - 1].counter + 1)
    ring.notification_due = True
    return 0

def _counter(found):
    return found[1]

cdef int recover_split(Ring *ring) except -1:
    cdef QueueRegionSplit *region = ring.split_region
    cdef DescStateSplit *states = ring.split_states
    cdef uint16_t used_idx = vq_load16_acquire(ring.device + 2)
    cdef uint16_t version = vq_load16(&region.version), head, batch, place
    ring.used_idx = used_idx
    ring.next_avail = used_idx
    ring.avail_seen = used_idx
    if version == 0:
        memset(states, 0, ring.size * sizeof(DescStateSplit))
        region.features = 0
        region.desc_num = ring.size
        region.last_batch_head = 0
        region.used_idx = used_idx
        vq_program_order()
        region.version = INFLIGHT_VERSION
        return 0
    check_region(ring, version, vq_load16(&region.desc_num))
    batch = <uint16_t>(used_idx - vq_load16(&region.used_idx))
    if batch > ring.size:
        raise ProtocolError(
            f"the last batch has at most as many chains as the queue, {ring.size}, not {batch}")
    head = vq_load16(&region.last_batch_head)
    for place in range(batch):
        if head >= ring.size:
            raise ProtocolError(
                f"heads in the in-flight region are below the queue size of {ring.size}, "
                f"not {head}")
        states[head].inflight = 0
        head = vq_load16(&states[head].next)
    vq_program_order()
    region.used_idx = used_idx
    cdef list found = []
    cdef uint32_t index
    for index in range(ring.size):
        if states[index].inflight:
            found.append((index, <uint64_t>states[index].counter, 0))
    resubmit(ring, found)
    ring.next_avail = <uint16_t>(used_idx + ring.resubmission_count)
    ring.avail_seen = ring.next_avail
    return 0

cdef int recover_packed(Ring *ring) except -1:
    cdef QueueRegionPacked *region = ring.packed_region
    cdef DescStatePacked *states = ring.packed_states
    cdef uint16_t version = vq_load16(&region.version)
    cdef uint32_t index, count, place, size = ring.size
    cdef uint16_t entry, last, flags, free_head, used_idx, old_used_idx
    cdef uint8_t wrap, old_wrap
    ring.links = <uint16_t *>calloc(size, sizeof(uint16_t))
    if ring.links == NULL:
        raise MemoryError
    if version == 0:
        memset(states, 0, size * sizeof(DescStatePacked))
        for index in range(size):
            ring.links[index] = index + 1
            states[index].next = index + 1
        region.features = 0
        region.desc_num = size
        region.free_head = 0
        region.old_free_head = 0
        region.used_idx = ring.used_idx
        region.old_used_idx = ring.used_idx
        region.used_wrap_counter = ring.used_wrap
        region.old_used_wrap_counter = ring.used_wrap
        vq_program_order()
        region.version = INFLIGHT_VERSION
        # What a queue without a region had in flight is not known, and not to be waited for.
        return 0
    check_region(ring, version, vq_load16(&region.desc_num))
    free_head = vq_load16(&region.free_head)
    used_idx = vq_load16(&region.used_idx)
    wrap = region.used_wrap_counter & 1
    old_used_idx = vq_load16(&region.old_used_idx)
    old_wrap = region.old_used_wrap_counter & 1
    if used_idx >= size or old_used_idx >= size:
        raise ProtocolError(
            f"used indices in the in-flight region are below the queue size of {size}, "
            f"not {max(used_idx, old_used_idx)}")
    # The last batch counts if the driver can see it: its first descriptor is not available.
    if used_idx != old_used_idx or wrap != old_wrap:
        flags = vq_load16_acquire(ring.descriptors + 16 * <uint32_t>old_used_idx + 14)
        if packed_available(flags, old_wrap):
            free_head = vq_load16(&region.old_free_head)
            used_idx = old_used_idx
            wrap = old_wrap
    else:
        free_head = vq_load16(&region.old_free_head)
    ring.free_head = free_head
    ring.used_idx = used_idx
    ring.used_wrap = wrap

    # What the base said is not counted: the region knows what is outstanding.
    ring.outstanding = 0
    cdef bytearray seen = bytearray(size)
    entry = free_head
    for place in range(size):
        if entry >= size:
            break
        if seen[entry]:
            raise ProtocolError(f"the free list of the in-flight region comes back to {entry}")
        seen[entry] = 1
        states[entry].inflight = 0
        ring.links[entry] = vq_load16(&states[entry].next)
        entry = ring.links[entry]
    cdef list found = []
    for index in range(size):
        if seen[index] or not states[index].inflight:
            continue
        count = vq_load16(&states[index].num)
        last = vq_load16(&states[index].last)
        entry = index
        for place in range(count):
            if entry >= size or seen[entry]:
                raise ProtocolError(
                    f"chain {index} of the in-flight region goes on to entry {entry}, "
                    f"which is not its own")
            seen[entry] = 1
            ring.links[entry] = vq_load16(&states[entry].next)
            if place == count - 1:
                break
            entry = ring.links[entry]
        if count == 0 or entry != last:
            raise ProtocolError(
                f"chain {index} of the in-flight region has {count} entries, the last is {last}: "
                f"they do not match")
        found.append((index, <uint64_t>states[index].counter, count))
        ring.outstanding += count
    if seen.count(0):
        raise ProtocolError(
            f"entry {seen.index(0)} of the in-flight region is neither free nor in a chain")
    # Commit, in the order of packed_publish.
    region.free_head = free_head
    region.used_idx = used_idx
    region.used_wrap_counter = wrap
    vq_program_order()
    region.old_free_head = free_head
    vq_program_order()
    region.old_used_idx = used_idx
    vq_program_order()
    region.old_used_wrap_counter = wrap
    resubmit(ring, found)
    place = used_idx + ring.outstanding
    ring.avail_wrap = wrap
    if place >= size:
        place -= size
        ring.avail_wrap ^= 1
    ring.next_avail = place
    return 0


# Returns the memoryview that keeps the region in place, which lasts as long as the queue.
cdef object go_on(Ring *ring, inflight):
    cdef Py_buffer buffer
    cdef uint64_t needed = inflight_size(ring.size, ring.packed)
    view = memoryview(inflight).cast("B")
    PyObject_GetBuffer(view, &buffer, PyBUF_WRITABLE)
    cdef uint8_t *region = <uint8_t *>buffer.buf
    cdef uint64_t size = buffer.len
    PyBuffer_Release(&buffer)
    if size < needed:
        raise ProtocolError(
            f"the in-flight region of a queue of {ring.size} has {needed} bytes, not {size}")
    if <uintptr_t>region % 8:
        raise ProtocolError("an in-flight region is aligned to 8 bytes")
    if ring.packed:
        ring.packed_region = <QueueRegionPacked *>region
        ring.packed_states = <DescStatePacked *>(region + sizeof(QueueRegionPacked))
        recover_packed(ring)
        return view
    ring.split_region = <QueueRegionSplit *>region
    ring.split_states = <DescStateSplit *>(region + sizeof(QueueRegionSplit))
    recover_split(ring)
    return view
