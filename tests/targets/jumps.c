// SPDX-License-Identifier: Apache-2.0
/*
 * siglongjmp over allocator frames. realloc finds a pointer invalid and aborts; the handler of
 * SIGABRT first allocates (a call nested in one that is in flight), then jumps to main, so the
 * outer call never returns. Everything before and after must count as if nothing had happened.
 */
#include "target.h"

#include <setjmp.h>
#include <signal.h>

enum { ROUNDS = 1000 };

enum site { BEFORE_JUMP, IN_HANDLER, AFTER_JUMP, NESTED_RETURNS, NR_SITES };

static struct truth truths[NR_SITES] = {
	[BEFORE_JUMP] = {.site = "before_jump", .leaf = "malloc"},
	[IN_HANDLER] = {.site = "in_handler", .leaf = "malloc"},
	[AFTER_JUMP] = {.site = "after_jump", .leaf = "calloc"},
	[NESTED_RETURNS] = {.site = "in_recursion", .leaf = "malloc"},
};

static sigjmp_buf back;
static volatile int nr_returned;
static char static_memory[64] __attribute__((aligned(64)));

SITE void *before_jump(size_t size)
{
	return truth_took(&truths[BEFORE_JUMP], malloc(size), size);
}

SITE void *in_handler(size_t size)
{
	return truth_took(&truths[IN_HANDLER], malloc(size), size);
}

SITE void *after_jump(size_t size)
{
	return truth_took(&truths[AFTER_JUMP], calloc(1, size), size);
}

SITE void *in_recursion(size_t size)
{
	return truth_took(&truths[NESTED_RETURNS], malloc(size), size);
}

SITE void realloc_aborts(void)
{
	void *volatile misaligned = static_memory + 1;

	target_expect(realloc(misaligned, 4000) == NULL, "realloc does not return");
}

static void on_abort(int signal)
{
	(void)signal;
	in_handler(48);
	siglongjmp(back, 1);
}

/* The jump happens below frames that are left with it. */
SITE void sink(int depth)
{
	in_recursion(24);
	if (depth > 0)
		sink(depth - 1);
	else
		realloc_aborts();
	nr_returned++;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_abort};

	target_begin(argc, argv);
	target_quiet();
	sigaction(SIGABRT, &action, NULL);
	for (volatile int i = 0; i < ROUNDS; i++) {
		void *p = before_jump(100);

		if (sigsetjmp(back, 1) == 0)
			sink(i % 10);
		after_jump(32);
		if (i % 2) {
			free(p);
			truth_gave(&truths[BEFORE_JUMP], 100);
		}
	}
	target_expect(nr_returned == 0, "no frame that was jumped over returns");
	target_end(argc, argv, truths, NR(truths));
}
