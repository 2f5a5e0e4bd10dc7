// SPDX-License-Identifier: Apache-2.0
/*
 * The host's walker: on literal stacks, where each rule and each way to end shows alone, and on
 * this program's own stacks, where libgcc must see the same frames.
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

#define STACK	    0x7ffc00000000
#define CODE	    0x555500000000
#define NR_WORDS    512
#define MAX_OBJECTS 64
#define MAX_COPY    (1 << 20)

/* --- literal stacks ----------------------------------------------------------------------------
 */

/* Code of 16 pages: in page i rule i holds, as @rules says. Behind it 64 KiB without a table. */
struct literal {
	struct unwind_table table;
	uint64_t rows[16], pages[64];
	struct ht_rule rules[16];
	uint64_t words[NR_WORDS];
	uint32_t nr_finds;
};

#define PC(rule)     (CODE + (rule)*4096 + 0x123)
#define JIT	     (CODE + 0x10000)
#define SLOT(number) (STACK + 8ULL * (number))

static bool find_literal(void *data, uint64_t pc, const struct unwind_table **ret_table,
			 uint64_t *ret_vaddr)
{
	struct literal *literal = data;

	literal->nr_finds++;
	if (pc < CODE || pc >= JIT + 0x10000)
		return false;
	*ret_table = pc < JIT ? &literal->table : NULL;
	*ret_vaddr = pc - CODE + literal->table.base;
	return true;
}

static struct literal *literal_new(void)
{
	static const struct ht_rule rules[16] = {
		[1] = {.cfa_kind = HT_CFA_RSP, .offset = 32},
		[2] = {.cfa_kind = HT_CFA_RBP,
		       .offset = 16,
		       .fp_kind = HT_FP_AT_CFA,
		       .fp_offset = -2},
		[3] = {.cfa_kind = HT_CFA_PLT, .offset = 11},
		[4] = {.cfa_kind = HT_CFA_DEREF_RBP, .offset = -8, .fp_kind = HT_FP_AT_RBP},
		[5] = {.cfa_kind = HT_CFA_DEREF_RSP, .offset = 16, .offset2 = 8},
		[6] = {.cfa_kind = HT_CFA_SIGNAL},
		[7] = {.cfa_kind = HT_CFA_STOP},
		[8] = {.cfa_kind = HT_CFA_BAD},
		[9] = {.cfa_kind = HT_CFA_RSP, .offset = 8},
		[10] = {.cfa_kind = HT_CFA_RSP, .offset = 0},
		[11] = {.cfa_kind = HT_CFA_RSP, .offset = 12},
	};
	struct literal *literal = calloc(1, sizeof(*literal));

	memcpy(literal->rules, rules, sizeof(rules));
	for (uint32_t i = 0; i < 16; i++)
		literal->rows[i] = HT_ROW(i * 4096, i);
	for (uint32_t i = 0; i < 64; i++)
		literal->pages[i] = HT_PAGE(i / 4, i / 4);
	literal->table = (struct unwind_table){
		.base = 0x1000,
		.size = 0x10000,
		.nr_rows = 16,
		.nr_pages = 64,
		.nr_rules = 16,
		.rows = literal->rows,
		.pages = literal->pages,
		.rules = literal->rules,
	};
	return literal;
}

static enum unwind_end walk(struct literal *literal, struct ht_frame start,
			    uint64_t pcs[HT_MAX_FRAMES], uint32_t *ret_nr)
{
	const struct unwind_stack stack = {STACK, literal->words, sizeof(literal->words)};
	const struct unwind_finder finder = {find_literal, literal};
	enum unwind_end end;

	*ret_nr = unwind_walk(&start, &stack, &finder, pcs, &end);
	return end;
}

/* One frame of each kind, to the end. */
static void test_rules(void **state)
{
	struct literal *literal = literal_new();
	uint64_t *words = literal->words, pcs[HT_MAX_FRAMES];
	const uint64_t wanted[] = {CODE + 0x1000, PC(2), CODE + 0x300b, PC(4),	      PC(5),
				   PC(6),	  PC(1), JIT + 8,	CODE + 0x7001};
	uint32_t nr;

	(void)state;
	words[3] = wanted[1]; /* RSP + 32 */
	words[6] = SLOT(100); /* RBP + 16 */
	words[7] = wanted[2];
	words[9] = wanted[3];	/* PLT, with a word pushed */
	words[99] = SLOT(20);	/* DRAP: the CFA is at rbp - 8 */
	words[100] = SLOT(200); /* and the caller's rbp at rbp */
	words[19] = wanted[4];
	words[22] = SLOT(29); /* *(rsp + 16) + 8 */
	words[29] = wanted[5];
	words[30 + 15] = SLOT(60); /* the ucontext: rbp, rsp, rip */
	words[30 + 20] = SLOT(40);
	words[30 + 21] = wanted[6];
	words[43] = wanted[7];
	words[60] = 0; /* a frame pointer's frame */
	words[61] = wanted[8];
	assert_int_equal(walk(literal, (struct ht_frame){wanted[0], SLOT(0), SLOT(6), 1}, pcs, &nr),
			 UNWIND_COMPLETE);
	assert_int_equal(nr, 9);
	assert_memory_equal(pcs, wanted, sizeof(wanted));
	free(literal);
}

/* The byte before a return address is looked up, and the address itself where nothing returned. */
static void test_exact(void **state)
{
	struct literal *literal = literal_new();
	uint64_t pcs[HT_MAX_FRAMES];
	uint32_t nr;

	(void)state;
	/* the first byte of page 7 (STOP): the call was the last of page 6 (SIGNAL), or not */
	assert_int_equal(walk(literal, (struct ht_frame){CODE + 0x7000, SLOT(0), 0, 1}, pcs, &nr),
			 UNWIND_COMPLETE);
	assert_int_equal(nr, 1);
	literal->words[20] = SLOT(40);
	literal->words[21] = CODE + 0x7000; /* interrupted there */
	assert_int_equal(walk(literal, (struct ht_frame){CODE + 0x7000, SLOT(0), 0, 0}, pcs, &nr),
			 UNWIND_COMPLETE);
	assert_int_equal(nr, 2);
	literal->words[21] = 0; /* no caller */
	assert_int_equal(walk(literal, (struct ht_frame){PC(6), SLOT(0), 0, 0}, pcs, &nr),
			 UNWIND_COMPLETE);
	assert_int_equal(nr, 1);
	free(literal);
}

static void test_ends(void **state)
{
	static const struct {
		struct ht_frame start;
		uint64_t caller; /* at rsp: of rule 9 */
		enum unwind_end end;
		uint32_t nr;
	} rows[] = {
		{{PC(9), SLOT(0), 0, 1}, PC(8), UNWIND_BAD_RULE, 2},
		{{PC(9), SLOT(0), 0, 1}, PC(10), UNWIND_BACKWARDS, 2},
		{{PC(9), SLOT(0), 0, 1}, PC(11), UNWIND_BACKWARDS, 2},
		{{PC(9), SLOT(0), 0, 1}, 0, UNWIND_COMPLETE, 1},
		{{PC(9), SLOT(0), 0, 1}, 0x1234, UNWIND_NO_MAPPING, 1},
		{{PC(9), SLOT(0), 0, 1}, CODE, UNWIND_NO_MAPPING, 1}, /* the byte before is not */
		{{PC(9), SLOT(0), SLOT(9) + 4, 1}, JIT + 1, UNWIND_BAD_FP, 2},
		{{PC(9), SLOT(9), SLOT(8), 1}, JIT + 1, UNWIND_BAD_FP, 2}, /* below rsp */
		{{PC(9), SLOT(0), SLOT(0) + HT_FP_STEP_MAX + 8, 1}, JIT + 1, UNWIND_BAD_FP, 2},
		{{PC(9), SLOT(0), SLOT(NR_WORDS - 1), 1}, JIT + 1, UNWIND_UNREADABLE, 2},
		{{PC(9), SLOT(0), 0, 1}, JIT + 1, UNWIND_COMPLETE, 2}, /* rbp 0: musl's _start */
		{{PC(9), SLOT(NR_WORDS), 0, 1}, 0, UNWIND_UNREADABLE, 1},
		{{PC(9), SLOT(NR_WORDS) - 4, 0, 1}, 0, UNWIND_BACKWARDS, 1},
		{{PC(9), STACK - 16, 0, 1}, 0, UNWIND_UNREADABLE, 1},
		{{PC(9), UINT64_MAX & ~7ULL, 0, 1}, 0, UNWIND_BACKWARDS, 1},
		{{0, SLOT(0), 0, 1}, 0, UNWIND_NO_MAPPING, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct literal *literal = literal_new();
		uint64_t pcs[HT_MAX_FRAMES];
		enum unwind_end end;
		uint32_t nr;

		literal->words[0] = literal->words[9] = rows[i].caller;
		end = walk(literal, rows[i].start, pcs, &nr);
		if (end != rows[i].end)
			print_message("row %zu: %s\n", i, unwind_end_text(end));
		assert_int_equal(end, rows[i].end);
		assert_int_equal(nr, rows[i].nr);
		assert_int_equal(pcs[0], rows[i].start.pc);
		free(literal);
	}
}

/* As many frames as there is room for are complete; one more is said to be cut. A signal frame
 * that leads to itself, the one loop there can be, ends at the same limit. */
static void test_deep(void **state)
{
	struct literal *literal = literal_new();
	uint64_t pcs[HT_MAX_FRAMES];
	uint32_t nr;

	(void)state;
	for (uint32_t i = 0; i < HT_MAX_FRAMES - 1; i++)
		literal->words[i] = i == HT_MAX_FRAMES - 2 ? PC(7) : PC(9);
	assert_int_equal(walk(literal, (struct ht_frame){PC(9), SLOT(0), 0, 1}, pcs, &nr),
			 UNWIND_COMPLETE);
	assert_int_equal(nr, HT_MAX_FRAMES);
	literal->words[HT_MAX_FRAMES - 2] = PC(9);
	literal->words[HT_MAX_FRAMES - 1] = PC(7);
	assert_int_equal(walk(literal, (struct ht_frame){PC(9), SLOT(0), 0, 1}, pcs, &nr),
			 UNWIND_TRUNCATED);
	assert_int_equal(nr, HT_MAX_FRAMES);
	literal->words[20] = SLOT(0);
	literal->words[21] = PC(6);
	literal->nr_finds = 0;
	assert_int_equal(walk(literal, (struct ht_frame){PC(6), SLOT(0), 0, 1}, pcs, &nr),
			 UNWIND_TRUNCATED);
	assert_int_equal(literal->nr_finds, HT_MAX_FRAMES);
	free(literal);
}

/* --- our own stacks ----------------------------------------------------------------------------
 */

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
						(uint64_t)regs[REG_RBP], 1};
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
static void check_walk(const struct ht_frame *start, int first, enum unwind_end wanted_end)
{
	const struct unwind_stack stack = {capture.address, capture.bytes, capture.size};
	const struct unwind_finder finder = {find_own, NULL};
	uint64_t pcs[HT_MAX_FRAMES];
	int wanted = capture.nr_frames - first;
	enum unwind_end end;
	uint32_t nr;

	nr = unwind_walk(start, &stack, &finder, pcs, &end);
	if (end != wanted_end)
		print_message("ended after %u frames: %s\n", nr, unwind_end_text(end));
	assert_int_equal(end, wanted_end);
	assert_int_equal(nr, wanted < HT_MAX_FRAMES ? wanted : HT_MAX_FRAMES);
	for (uint32_t i = 1; i < nr; i++)
		assert_int_equal(pcs[i], (uint64_t)capture.frames[first + (int)i]);
}

static void check_capture(enum unwind_end end)
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
	check_capture(UNWIND_COMPLETE);
}

static void test_own_thread(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, run_recursion, (void *)(uintptr_t)10), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	check_capture(UNWIND_COMPLETE);
}

static void test_own_deep(void **state)
{
	(void)state;
	run_recursion((void *)(uintptr_t)(HT_MAX_FRAMES + 10));
	check_capture(UNWIND_TRUNCATED);
}

/* A copy that ends early gives the same frames up to there, and says so. */
static void test_own_short(void **state)
{
	const struct unwind_finder finder = {find_own, NULL};
	uint64_t pcs[HT_MAX_FRAMES], whole[HT_MAX_FRAMES];
	struct unwind_stack stack;
	uint32_t nr, nr_whole, nr_cut = 0;
	enum unwind_end end;

	(void)state;
	run_recursion((void *)(uintptr_t)5);
	stack = (struct unwind_stack){capture.address, capture.bytes, capture.size};
	nr_whole = unwind_walk(&capture.handler, &stack, &finder, whole, &end);
	assert_int_equal(end, UNWIND_COMPLETE);
	for (stack.size = 0; stack.size < 8192; stack.size += 40) {
		nr = unwind_walk(&capture.handler, &stack, &finder, pcs, &end);
		assert_true(nr <= nr_whole);
		assert_memory_equal(pcs, whole, nr * sizeof(*pcs));
		assert_true(end == UNWIND_UNREADABLE || (end == UNWIND_COMPLETE && nr == nr_whole));
		nr_cut += end == UNWIND_UNREADABLE;
	}
	assert_true(nr_cut > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	  cmocka_unit_test(test_exact),
		cmocka_unit_test(test_ends),	  cmocka_unit_test(test_deep),
		cmocka_unit_test(test_own_stack), cmocka_unit_test(test_own_thread),
		cmocka_unit_test(test_own_deep),  cmocka_unit_test(test_own_short),
	};

	return cmocka_run_group_tests_name("walk", tests, load_objects, free_objects);
}
