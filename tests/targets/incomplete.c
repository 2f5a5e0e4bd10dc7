// SPDX-License-Identifier: Apache-2.0
/*
 * A stack that cannot be complete: between main and the allocation lies code without an unwind
 * table that uses rbp for something else.
 */
#include "target.h"

enum { ROUNDS = 40, BLOCK = 200 };

enum site { HIDDEN, PLAIN, NR_SITES };

static struct truth truths[NR_SITES] = {
	[HIDDEN] = {.site = "hidden_alloc", .leaf = "malloc"},
	[PLAIN] = {.site = "plain_alloc", .leaf = "malloc"},
};

void hide(void (*function)(void));

__asm__(".text\n"
	".type hide, @function\n"
	"hide:\n"
	"	push %rbp\n"
	"	mov $1, %ebp\n"
	"	call *%rdi\n"
	"	pop %rbp\n"
	"	ret\n"
	".size hide, . - hide\n");

SITE void hidden_alloc(void)
{
	truth_took(&truths[HIDDEN], malloc(BLOCK), BLOCK);
}

SITE void plain_alloc(void)
{
	truth_took(&truths[PLAIN], malloc(BLOCK), BLOCK);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (int i = 0; i < ROUNDS; i++) {
		hide(hidden_alloc);
		for (int k = 0; k < 3; k++)
			plain_alloc();
	}
	target_end(argc, argv, truths, NR(truths));
}
