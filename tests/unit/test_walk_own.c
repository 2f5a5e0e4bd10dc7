// SPDX-License-Identifier: Apache-2.0
/*
 * The host's walker on this program's own stacks, built without frame pointers, interrupted by a
 * signal: libgcc must see the same frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <alloca.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind/table.h"
#include "unwind/walk.h"

#define MAX_OBJECTS 64
#define MAX_COPY    (1 << 20)

struct object {
	uint64_t start, end, bias;
	struct unwind_table *table;
};

static struct {
	struct object objects[MAX_OBJECTS];
	size_t nr_objects;
} process;

static int add_object(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *path = *info->dlpi_name ? info->dlpi_name : "/proc/self/exe";
	struct unwind_table *table = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)size;
	(void)data;
	if (fd >= 0) /* the vDSO has no file */
		assert_int_equal(unwind_table_build(fd, &table, NULL), 0);
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];

		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X))
			continue;
		assert_true(process.nr_objects < MAX_OBJECTS);
		process.objects[process.nr_objects++] = (struct object){
			.start = info->dlpi_addr + phdr->p_vaddr,
			.end = info->dlpi_addr + phdr->p_vaddr + phdr->p_memsz,
			.bias = info->dlpi_addr,
			.table = table,
		};
		table = NULL; /* owned by the first; every object here has one such segment */
	}
	unwind_table_free(table);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int load_objects(void **state)
{
	(void)state;
	dl_iterate_phdr(add_object, NULL);
	return 0;
}

static int free_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < process.nr_objects; i++)
		unwind_table_free(process.objects[i].table);
	return 0;
}

static bool find_own(void *data, uint64_t pc, const struct unwind_table **ret_table,
		     uint64_t *ret_vaddr)
{
	(void)data;
	for (size_t i = 0; i < process.nr_objects; i++) {
		const struct object *object = &process.objects[i];

		if (pc < object->start || pc >= object->end)
			continue;
		*ret_table = object->table;
		*ret_vaddr = pc - object->bias;
		return true;
	}
	return false;
}

/* What a signal handler saw. */
static struct capture {
	struct ht_frame interrupted, handler;
	uint64_t address;
	size_t size;
	uint8_t bytes[MAX_COPY];
	void *frames[HT_MAX_FRAMES + 64]; /* libgcc's, from the handler on */
	int nr_frames;
} capture;

static volatile uint64_t sink;

/* The kernel copies: the sanitizer has opinions on reading whole stacks. */
static void copy_stack(uint64_t from)
{
	struct iovec local = {capture.bytes, sizeof(capture.bytes)}, remote;
	pthread_attr_t attr;
	void *low;
	size_t size;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &low, &size);
	pthread_attr_destroy(&attr);
	size = (uint64_t)low + size - from;
	remote = (struct iovec){(void *)from, size < MAX_COPY ? size : MAX_COPY};
	capture.address = from;
	capture.size = (size_t)process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct ht_frame *handler = &capture.handler;

	(void)number;
	(void)info;
	__asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2"
			 : "=r"(handler->pc), "=r"(handler->sp), "=r"(handler->fp));
	handler->exact = 1;
	capture.interrupted = (struct ht_frame){(uint64_t)regs[REG_RIP], (uint64_t)regs[REG_RSP],
						(uint64_t)regs[REG_RBP], 1, 0};
	copy_stack(handler->sp);
	capture.nr_frames = backtrace(capture.frames, HT_MAX_FRAMES + 64);
}

#define NO_FP __attribute__((noinline, optimize("omit-frame-pointer", "no-optimize-sibling-calls")))

NO_FP static void trap(void)
{
	__asm__ volatile("int3");
	sink++;
}

/* A frame of a size known only now: the CFA is rbp's, whatever the options say. */
NO_FP static void with_alloca(size_t size)
{
	volatile char *bytes = alloca(size);

	bytes[size - 1] = 1;
	trap();
	sink += (uint64_t)bytes[size - 1];
}

/* Realigned, and of unknown size: DRAP. */
NO_FP static void with_alignment(size_t size)
{
	volatile char aligned[64] __attribute__((aligned(64)));
	volatile char *bytes = alloca(size);

	aligned[size % 64] = 1;
	bytes[size - 1] = 1;
	with_alloca(size);
	sink += (uint64_t)aligned[size % 64] + (uint64_t)bytes[size - 1];
}

NO_FP static int compare(const void *a, const void *b)
{
	if (!capture.nr_frames)
		with_alignment(100 + sink % 2);
	return *(const int *)a - *(const int *)b;
}

NO_FP static void through_qsort(void)
{
	int values[] = {3, 1, 2};

	qsort(values, 3, sizeof(*values), compare);
	sink += (uint64_t)values[0];
}

NO_FP static void recurse(unsigned int depth)
{
	if (depth)
		recurse(depth - 1);
	else
		through_qsort();
	sink++;
}

static void *run_recursion(void *depth)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, old;

	capture.nr_frames = 0;
	assert_int_equal(sigaction(SIGTRAP, &action, &old), 0);
	recurse((unsigned int)(uintptr_t)depth);
	assert_int_equal(sigaction(SIGTRAP, &old, NULL), 0);
	assert_true(capture.nr_frames > 8);
	return NULL;
}

/* Walks from @start, which is frame @first of libgcc's, whose later frames must be the same. */
static void check_walk(const struct ht_frame *start, int first, enum ht_stack_end wanted_end)
{
	const struct unwind_stack stack = {capture.address, capture.bytes, capture.size};
	const struct unwind_finder finder = {find_own, NULL};
	uint64_t pcs[HT_MAX_FRAMES];
	int wanted = capture.nr_frames - first;
	enum ht_stack_end end;
	uint32_t nr;

	nr = unwind_walk(start, &stack, &finder, pcs, &end);
	if (end != wanted_end)
		print_message("end %d after %u frames\n", (int)end, nr);
	assert_int_equal(end, wanted_end);
	assert_int_equal(nr, wanted < HT_MAX_FRAMES ? wanted : HT_MAX_FRAMES);
	for (uint32_t i = 1; i < nr; i++)
		assert_int_equal(pcs[i], (uint64_t)capture.frames[first + (int)i]);
}

static void check_capture(enum ht_stack_end end)
{
	int interrupted = 0;

	while (interrupted < capture.nr_frames &&
	       (uint64_t)capture.frames[interrupted] != capture.interrupted.pc)
		interrupted++;
	assert_true(interrupted >= 2 && interrupted < capture.nr_frames);
	check_walk(&capture.interrupted, interrupted, end);
	check_walk(&capture.handler, interrupted - 2, end); /* handler, __restore_rt */
}

static void test_own_stack(void **state)
{
	(void)state;
	run_recursion((void *)(uintptr_t)5);
	check_capture(HT_STACK_complete);
}

static void test_own_thread(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, run_recursion, (void *)(uintptr_t)10), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	check_capture(HT_STACK_complete);
}

static void test_own_deep(void **state)
{
	(void)state;
	run_recursion((void *)(uintptr_t)(HT_MAX_FRAMES + 10));
	check_capture(HT_STACK_truncated);
}

/* A copy that ends early gives the same frames up to there, and says so. */
static void test_own_short(void **state)
{
	const struct unwind_finder finder = {find_own, NULL};
	uint64_t pcs[HT_MAX_FRAMES], whole[HT_MAX_FRAMES];
	struct unwind_stack stack;
	uint32_t nr, nr_whole, nr_cut = 0;
	enum ht_stack_end end;

	(void)state;
	run_recursion((void *)(uintptr_t)5);
	stack = (struct unwind_stack){capture.address, capture.bytes, capture.size};
	nr_whole = unwind_walk(&capture.handler, &stack, &finder, whole, &end);
	assert_int_equal(end, HT_STACK_complete);
	for (stack.size = 0; stack.size < 8192; stack.size += 40) {
		nr = unwind_walk(&capture.handler, &stack, &finder, pcs, &end);
		assert_true(nr <= nr_whole);
		assert_memory_equal(pcs, whole, nr * sizeof(*pcs));
		assert_true(end == HT_STACK_unreadable ||
			    (end == HT_STACK_complete && nr == nr_whole));
		nr_cut += end == HT_STACK_unreadable;
	}
	assert_true(nr_cut > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_stack),
		cmocka_unit_test(test_own_thread),
		cmocka_unit_test(test_own_deep),
		cmocka_unit_test(test_own_short),
	};

	return cmocka_run_group_tests_name("walk_own", tests, load_objects, free_objects);
}
