// SPDX-License-Identifier: Apache-2.0
/*
 * Allocations on stacks that are no thread's: coroutines by makecontext() and by a switch written
 * in assembler, which has no unwind table. One of those begins with rbp 0, as it should, one with
 * an rbp that points to where its maker was.
 */
#include <ucontext.h>

#include "target.h"

enum { ROUNDS = 50, BLOCK = 320, STACK = 64 << 10 };

enum site { BY_CONTEXT, BY_SWITCH, BY_DIRTY_SWITCH, NR_SITES };

static struct truth truths[NR_SITES] = {
	[BY_CONTEXT] = {.site = "context_alloc", .leaf = "malloc"},
	[BY_SWITCH] = {.site = "switch_alloc", .leaf = "malloc"},
	[BY_DIRTY_SWITCH] = {.site = "dirty_alloc", .leaf = "malloc"},
};

static void take(struct truth *truth)
{
	free(truth_took(truth, malloc(BLOCK), BLOCK));
	truth_gave(truth, BLOCK);
}

/* --- swapcontext ----------------------------------------------------------------------------- */

static ucontext_t outside, inside;

SITE void context_alloc(void)
{
	take(&truths[BY_CONTEXT]);
}

SITE void context_body(void)
{
	for (;;) {
		context_alloc();
		swapcontext(&inside, &outside);
	}
}

/* --- a switch of our own --------------------------------------------------------------------- */

/* Saves where the caller is in *@save and goes on at @to. */
void switch_stacks(void **save, void *to);
void coroutine_start(void);

__asm__(".text\n"
	"switch_stacks:\n"
	"	push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
	"	ret\n"
	"coroutine_start:\n"
	"	call *%rbx\n"
	"	ud2\n");

struct coroutine {
	void *stack_pointer, *maker;
};

static struct coroutine clean, dirty;

SITE void switch_alloc(void)
{
	take(&truths[BY_SWITCH]);
}

SITE void switch_body(void)
{
	for (;;) {
		switch_alloc();
		switch_stacks(&clean.stack_pointer, clean.maker);
	}
}

SITE void dirty_alloc(void)
{
	take(&truths[BY_DIRTY_SWITCH]);
}

SITE void dirty_body(void)
{
	for (;;) {
		dirty_alloc();
		switch_stacks(&dirty.stack_pointer, dirty.maker);
	}
}

static void coroutine_init(struct coroutine *coroutine, char *stack, void (*body)(void), void *rbp)
{
	void **top = (void **)(stack + STACK) - 16;
	/* r15 r14 r13 r12 rbx rbp, where to return to; behind it what no stack has */
	void *const frame[] = {NULL, NULL, NULL, NULL, *(void **)&body, rbp};

	memset(stack, 0xa5, STACK);
	memcpy(top, frame, sizeof(frame));
	*(void (**)(void))(top + 6) = coroutine_start;
	coroutine->stack_pointer = top;
}

int main(int argc, char **argv)
{
	static char stacks[3][STACK] __attribute__((aligned(64)));

	target_begin(argc, argv);
	getcontext(&inside);
	inside.uc_stack.ss_sp = stacks[0];
	inside.uc_stack.ss_size = STACK;
	makecontext(&inside, context_body, 0);
	coroutine_init(&clean, stacks[1], switch_body, NULL);
	coroutine_init(&dirty, stacks[2], dirty_body, __builtin_frame_address(0));
	for (int i = 0; i < ROUNDS; i++) {
		swapcontext(&outside, &inside);
		switch_stacks(&clean.maker, clean.stack_pointer);
		switch_stacks(&dirty.maker, dirty.stack_pointer);
	}
	target_end(argc, argv, truths, NR(truths));
}
