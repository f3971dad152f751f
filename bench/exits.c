/* The peer of exits.py: the smallest loop in C around KVM_RUN, one exit for each `out`.
 *
 * For each line with a count on standard input it runs the payload that exits.py runs, for so
 * many exits, and prints the nanoseconds that they took.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

enum { LOAD_ADDRESS = 0x1000, RAM_SIZE = 0x10000 };

static void check(int failed, const char *what)
{
	if (failed) {
		perror(what);
		exit(1);
	}
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void point_at_payload(int vcpu, unsigned long count, unsigned long port)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = {
		.rip = LOAD_ADDRESS, .rcx = count, .rdx = port, .rflags = 2,
	};

	check(ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0, "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0, "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs) < 0, "KVM_SET_REGS");
}

static uint8_t device_register;

static void run_until_halt(int vcpu, struct kvm_run *run, unsigned long port)
{
	for (;;) {
		check(ioctl(vcpu, KVM_RUN, 0) < 0, "KVM_RUN");
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (run->io.port == port && run->io.direction == KVM_EXIT_IO_OUT)
				device_register = *((uint8_t *)run + run->io.data_offset);
			break;
		case KVM_EXIT_HLT:
			return;
		default:
			fprintf(stderr, "exit reason %u\n", run->exit_reason);
			exit(1);
		}
	}
}

/* Arguments: the KVM device, the port, the payload in hexadecimal. */
int main(int argc, char **argv)
{
	check(argc != 4, "usage: exits DEVICE PORT PAYLOAD");
	int kvm = open(argv[1], O_RDWR | O_CLOEXEC);
	check(kvm < 0, argv[1]);
	unsigned long port = strtoul(argv[2], NULL, 0), count;
	uint8_t *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(ram == MAP_FAILED, "mmap");
	for (size_t i = 0; i < strlen(argv[3]) / 2; i++) {
		unsigned int byte;
		check(sscanf(argv[3] + 2 * i, "%2x", &byte) != 1, "payload");
		ram[LOAD_ADDRESS + i] = byte;
	}
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);
	check(vm < 0, "KVM_CREATE_VM");
	struct kvm_userspace_memory_region region = {
		.memory_size = RAM_SIZE, .userspace_addr = (uintptr_t)ram,
	};
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0, "KVM_SET_USER_MEMORY_REGION");
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check(vcpu < 0, "KVM_CREATE_VCPU");
	size_t size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	check(run == MAP_FAILED, "mmap of kvm_run");
	while (scanf("%lu", &count) == 1) {
		point_at_payload(vcpu, count, port);
		uint64_t start = now();
		run_until_halt(vcpu, run, port);
		printf("%llu\n", (unsigned long long)(now() - start));
		fflush(stdout);
	}
	return 0;
}
