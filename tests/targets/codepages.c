// SPDX-License-Identifier: Apache-2.0
/*
 * Code that no file has, as a JIT makes it: a page is mapped, written, made executable, called and
 * unmapped, or made writable again, over and over. Between the calls of a page there is time to
 * notice it. It keeps a frame pointer and has no unwind table.
 */
#include <sys/mman.h>

#include "target.h"

enum { ROUNDS = 50, CALLS = 16, BLOCK = 96 };

enum site { MAPPED, REWRITTEN, NR_SITES };

static struct truth truths[NR_SITES] = {
	[MAPPED] = {.site = "call_mapped", .leaf = "malloc"},
	[REWRITTEN] = {.site = "call_rewritten", .leaf = "malloc"},
};

/* void *f(void *(*alloc)(size_t), size_t size) { return alloc(size); } */
static const uint8_t code[] = {
	0x55,		  /* push %rbp */
	0x48, 0x89, 0xe5, /* mov %rsp,%rbp */
	0x48, 0x89, 0xf8, /* mov %rdi,%rax */
	0x48, 0x89, 0xf7, /* mov %rsi,%rdi */
	0xff, 0xd0,	  /* call *%rax */
	0x5d,		  /* pop %rbp */
	0xc3,		  /* ret */
};

static void call(struct truth *truth, uint8_t *page, size_t at)
{
	void *(*function)(void *(*)(size_t), size_t);

	memcpy(page + at, code, sizeof(code));
	target_expect(!mprotect(page, 4096, PROT_READ | PROT_EXEC), "mprotect");
	*(void **)&function = page + at;
	for (int i = 0; i < CALLS; i++) {
		free(truth_took(truth, function(malloc, BLOCK), BLOCK));
		truth_gave(truth, BLOCK);
		usleep(400);
	}
}

static uint8_t *new_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	target_expect(page != MAP_FAILED, "mmap");
	return page;
}

SITE void call_mapped(size_t round)
{
	uint8_t *page = new_page();

	call(&truths[MAPPED], page, round % 64 * 16);
	munmap(page, 4096);
}

SITE void call_rewritten(uint8_t *page, size_t round)
{
	target_expect(!mprotect(page, 4096, PROT_READ | PROT_WRITE), "mprotect");
	memset(page, 0xcc, 4096);
	call(&truths[REWRITTEN], page, round % 64 * 16);
}

int main(int argc, char **argv)
{
	uint8_t *page = new_page();

	target_begin(argc, argv);
	for (size_t round = 0; round < ROUNDS; round++) {
		call_mapped(round);
		call_rewritten(page, round);
	}
	target_end(argc, argv, truths, NR(truths));
}
