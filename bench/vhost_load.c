/* The driver's half of a virtio-blk device: one split virtqueue (virtio 1.3, 2.7 and 5.2), as a
 * Linux guest uses it. EVENT_IDX, one indirect table of three descriptors for each request, one
 * kick for each batch and only when the device asked for it, halted on the call eventfd when
 * nothing is done: first it polls that for a while, as KVM does for a halted vCPU (the module's
 * halt_poll_ns), then it sleeps. bench/load.py sets the session up and calls load_run.
 *
 * The first eight bytes of each 4 KiB of the image hold their own offset: a write puts them there,
 * and each read is checked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, SLOT_HEADER = 128, SUB_BUCKETS = 32, BUCKETS = 64 * SUB_BUCKETS };

struct load {
	uint8_t *memory;	/* guest memory; gpa 0 is its first byte */
	uint64_t descriptors, driver, device;	/* gpas of the queue's areas */
	uint64_t headers, data;	/* gpas of depth * SLOT_HEADER and depth * block_size bytes */
	uint64_t image_size;
	uint64_t seed;
	uint64_t warm_up_ns, run_ns, halt_poll_ns;
	uint32_t queue_size, depth, block_size;
	uint32_t is_write, is_random;
	int32_t kick_fd, call_fd, device_pid;
	uint16_t next_avail, last_used;	/* where the rings stand; kept from run to run */
	uint16_t padding[2];
};

struct load_result {
	uint64_t requests, elapsed_ns, device_cpu_ns, own_cpu_ns;
	uint64_t kicks, calls, latency_p50_ns, latency_p99_ns;
	uint64_t bad_statuses, bad_data;
};

/* One for each slot, in guest memory: the indirect table, the header and the status byte. */
struct slot {
	struct vring_desc table[3];
	struct virtio_blk_outhdr header;
	uint8_t status;
};

static uint64_t submitted_at[1024];
static uint64_t offset_of[1024];
static uint32_t histogram[BUCKETS];

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static uint32_t bucket_of(uint64_t ns)
{
	uint32_t log = 63 - __builtin_clzll(ns | SUB_BUCKETS);
	uint32_t shift = log - 5;

	return shift * SUB_BUCKETS + (ns >> shift);
}

static uint64_t bucket_ns(uint32_t bucket)
{
	uint32_t shift = bucket < 2 * SUB_BUCKETS ? 0 : bucket / SUB_BUCKETS - 1;

	return (uint64_t)(bucket - shift * SUB_BUCKETS) << shift;
}

static uint64_t percentile(uint64_t total, double share)
{
	uint64_t seen = 0;

	for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
		seen += histogram[bucket];
		if (seen >= total * share)
			return bucket_ns(bucket);
	}
	return 0;
}

static void on_alarm(int number)
{
	(void)number;
}

static uint64_t next_offset(struct load *load, uint64_t *position)
{
	uint64_t blocks = load->image_size / load->block_size;

	if (load->is_random) {
		load->seed ^= load->seed << 13;
		load->seed ^= load->seed >> 7;
		load->seed ^= load->seed << 17;
		return load->seed % blocks * load->block_size;
	}
	return (*position)++ % blocks * load->block_size;
}

static void submit(struct load *load, uint32_t index, uint64_t offset)
{
	struct slot *slot = (struct slot *)(load->memory + load->headers + index * SLOT_HEADER);
	uint64_t gpa = load->headers + index * SLOT_HEADER;
	uint64_t data_gpa = load->data + (uint64_t)index * load->block_size;
	struct vring_desc *ring = (struct vring_desc *)(load->memory + load->descriptors);
	struct vring_avail *avail = (struct vring_avail *)(load->memory + load->driver);

	offset_of[index] = offset;
	slot->header.type = load->is_write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;
	slot->header.sector = offset / 512;
	slot->status = 0xff;
	if (load->is_write)
		for (uint64_t at = 0; at < load->block_size; at += PAGE)
			*(uint64_t *)(load->memory + data_gpa + at) = offset + at;
	slot->table[0] = (struct vring_desc){ gpa + offsetof(struct slot, header), 16,
					      VRING_DESC_F_NEXT, 1 };
	slot->table[1] = (struct vring_desc){ data_gpa, load->block_size,
					      VRING_DESC_F_NEXT |
					      (load->is_write ? 0 : VRING_DESC_F_WRITE), 2 };
	slot->table[2] = (struct vring_desc){ gpa + offsetof(struct slot, status), 1,
					      VRING_DESC_F_WRITE, 0 };
	ring[index] = (struct vring_desc){ gpa, sizeof slot->table, VRING_DESC_F_INDIRECT, 0 };
	avail->ring[load->next_avail++ % load->queue_size] = index;
}

/* Shows the device what was submitted since `before`, and kicks it if it wants that. */
static int publish(struct load *load, uint16_t before, struct load_result *result)
{
	struct vring_avail *avail = (struct vring_avail *)(load->memory + load->driver);
	struct vring_used *used = (struct vring_used *)(load->memory + load->device);
	uint16_t *avail_event = (uint16_t *)&used->ring[load->queue_size];

	if (before == load->next_avail)
		return 0;
	__atomic_store_n(&avail->idx, load->next_avail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vring_need_event(__atomic_load_n(avail_event, __ATOMIC_RELAXED), load->next_avail,
			     before)) {
		result->kicks++;
		return eventfd_write(load->kick_fd, 1);
	}
	return 0;
}

static void check(struct load *load, uint32_t index, struct load_result *result)
{
	struct slot *slot = (struct slot *)(load->memory + load->headers + index * SLOT_HEADER);
	uint8_t *data = load->memory + load->data + (uint64_t)index * load->block_size;

	if (slot->status != VIRTIO_BLK_S_OK)
		result->bad_statuses++;
	else if (!load->is_write)
		for (uint64_t at = 0; at < load->block_size; at += PAGE)
			if (*(uint64_t *)(data + at) != offset_of[index] + at)
				result->bad_data++;
}

/* Waits for an interrupt; 0, or -errno. */
static int halt(struct load *load)
{
	struct pollfd call = { load->call_fd, POLLIN, 0 };
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + load->halt_poll_ns;
	uint64_t count;

	while (load->halt_poll_ns && !poll(&call, 1, 0) && clock_ns(CLOCK_MONOTONIC) < until)
		;
	if (read(load->call_fd, &count, sizeof count) < 0)
		return errno == EINTR ? -ETIMEDOUT : -errno;
	return 0;
}

/* Runs the load; 0, or -errno. -ETIMEDOUT: the device left a request unanswered. */
int load_run(struct load *load, struct load_result *result)
{
	struct vring_avail *avail = (struct vring_avail *)(load->memory + load->driver);
	struct vring_used *used = (struct vring_used *)(load->memory + load->device);
	uint16_t *used_event = &avail->ring[load->queue_size];
	uint32_t in_flight = load->depth;
	uint64_t position = 0, counted = 0;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	uint64_t count_from = start + load->warm_up_ns, end = count_from + load->run_ns;
	uint64_t counted_since = 0, now = start;
	uint64_t cpu = 0, own_cpu = 0;
	clockid_t device_clock;
	int error = 0, is_over = 0;

	if (load->depth > 1024 || load->depth > load->queue_size || load->block_size % PAGE)
		return -EINVAL;
	if (clock_getcpuclockid(load->device_pid, &device_clock))
		return -ESRCH;
	memset(result, 0, sizeof *result);
	memset(histogram, 0, sizeof histogram);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, 0);
	alarm((load->warm_up_ns + load->run_ns) / 1000000000 + 20);

	uint16_t before = load->next_avail;
	__atomic_store_n(used_event, load->last_used, __ATOMIC_RELAXED);
	for (uint32_t index = 0; index < load->depth; index++) {
		submitted_at[index] = now;
		submit(load, index, next_offset(load, &position));
	}
	error = publish(load, before, result);

	while (in_flight && !error) {
		uint16_t done = __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE);

		if (done == load->last_used) {
			__atomic_store_n(used_event, load->last_used, __ATOMIC_RELAXED);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) != load->last_used)
				continue;
			error = halt(load);
			if (error)
				break;
			result->calls++;
			continue;
		}
		now = clock_ns(CLOCK_MONOTONIC);
		if (!counted_since && now >= count_from) {
			counted_since = now;
			cpu = clock_ns(device_clock);
			own_cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
			result->kicks = result->calls = counted = 0;
		}
		if (counted_since && !is_over && now >= end) {
			result->elapsed_ns = now - counted_since;
			result->device_cpu_ns = clock_ns(device_clock) - cpu;
			result->own_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - own_cpu;
			result->requests = counted;
			is_over = 1;
		}
		before = load->next_avail;
		while (load->last_used != done) {
			uint32_t index = used->ring[load->last_used++ % load->queue_size].id;

			if (index >= load->depth) {
				error = -EPROTO;
				break;
			}
			check(load, index, result);
			if (is_over) {
				in_flight--;
				continue;
			}
			if (counted_since) {
				counted++;
				histogram[bucket_of(now - submitted_at[index])]++;
			}
			submitted_at[index] = now;
			submit(load, index, next_offset(load, &position));
		}
		if (!error)
			error = publish(load, before, result);
	}
	alarm(0);
	result->latency_p50_ns = percentile(result->requests, 0.5);
	result->latency_p99_ns = percentile(result->requests, 0.99);
	return error;
}
