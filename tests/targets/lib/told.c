// SPDX-License-Identifier: Apache-2.0
/*
 * A program whose allocator samples itself: one block in four of each place, and only while
 * somebody listens, which it tells by USDT probes with the arguments wherever a compiler may put
 * them. What it takes from the C library for it is then nobody's business. With --mute it never
 * tells.
 */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "../target.h"

enum { BLOCKS = 400, ONE_IN = 4, NUMBER = 96, INDEXED = 48 };

#define SEMAPHORE __extension__ __attribute__((section(".probes"), used))
SEMAPHORE unsigned short otel_memory_alloc_semaphore;
SEMAPHORE unsigned short otel_memory_free_semaphore;

enum site { BY_REGISTER, BY_MEMORY, BY_NUMBER, BY_INDEX, NR_SITES };

static struct truth truths[NR_SITES] = {
	[BY_REGISTER] = {.site = "by_register", .leaf = "otel_memory:alloc"},
	[BY_MEMORY] = {.site = "by_memory", .leaf = "otel_memory:alloc"},
	[BY_NUMBER] = {.site = "by_number", .leaf = "otel_memory:alloc"},
	[BY_INDEX] = {.site = "by_index", .leaf = "otel_memory:alloc"},
};

static bool mute;
static unsigned int nr_taken[NR_SITES];

static bool is_sampled(enum site site)
{
	return !mute && otel_memory_alloc_semaphore && nr_taken[site]++ % ONE_IN == 0;
}

/* The note of a probe as sys/sdt.h writes it, with operands as they are. */
#define NOTE(arguments)                                                                            \
	"990:	nop\n"                                                                               \
	".pushsection .note.stapsdt, \"\", \"note\"\n"                                             \
	"	.balign 4\n"                                                                             \
	"	.4byte 992f-991f, 994f-993f, 3\n"                                                        \
	"991:	.asciz \"stapsdt\"\n"                                                                \
	"992:	.balign 4\n"                                                                         \
	"993:	.8byte 990b, _.stapsdt.base, otel_memory_alloc_semaphore\n"                          \
	"	.asciz \"otel_memory\", \"alloc\", \"" arguments "\"\n"                            \
	"994:	.balign 4\n"                                                                         \
	".popsection\n"

SITE void *by_register(size_t size)
{
	void *p = malloc(size);
	size_t weight = ONE_IN * size;

	if (is_sampled(BY_REGISTER))
		STAP_PROBE3(otel_memory, alloc, p, size, weight);
	return truth_took(&truths[BY_REGISTER], p, size);
}

SITE void *by_memory(size_t size)
{
	volatile struct {
		void *p;
		uint32_t size, weight;
	} block = {malloc(size), size, ONE_IN * size};

	if (is_sampled(BY_MEMORY))
		__asm__ volatile(NOTE("8@%0 4@%1 -4@%2")
				 :
				 : "m"(block.p), "m"(block.size), "m"(block.weight));
	return truth_took(&truths[BY_MEMORY], block.p, size);
}

/* What the compiler knows. */
SITE void *by_number(size_t size)
{
	void *p = malloc(size);

	if (is_sampled(BY_NUMBER))
		STAP_PROBE3(otel_memory, alloc, p, NUMBER, ONE_IN * NUMBER);
	return truth_took(&truths[BY_NUMBER], p, NUMBER);
}

SITE void *by_index(size_t size)
{
	static volatile size_t sizes[] = {1, 2, INDEXED, 3, ONE_IN * INDEXED};
	void *p = malloc(size);

	/* probes read what is in memory */
	target_expect(sizes[2] == INDEXED, "the sizes");
	if (is_sampled(BY_INDEX))
		__asm__ volatile(NOTE("8@%0 8@8(%1,%2,8) 8@24(%1,%2,8)")
				 :
				 : "r"(p), "r"(sizes), "r"((size_t)1));
	return truth_took(&truths[BY_INDEX], p, INDEXED);
}

static const struct {
	void *(*take)(size_t size);
	size_t size; /* 0: one that grows */
} sites[NR_SITES] = {
	[BY_REGISTER] = {by_register, 0},
	[BY_MEMORY] = {by_memory, 0},
	[BY_NUMBER] = {by_number, NUMBER},
	[BY_INDEX] = {by_index, INDEXED},
};

/* Of four blocks of one size one is told of; of every second four all are given back. */
static void use(enum site site, int round)
{
	size_t size = sites[site].size ?: 64 + 8 * (size_t)round;
	void *blocks[ONE_IN];

	for (int i = 0; i < ONE_IN; i++)
		blocks[i] = sites[site].take(size);
	if (round % 2)
		return;
	STAP_PROBE1(otel_memory, free, blocks[0]);
	for (int i = 0; i < ONE_IN; i++) {
		free(blocks[i]);
		truth_gave(&truths[site], size);
	}
}

int main(int argc, char **argv)
{
	mute = target_flag(argc, argv, "--mute");
	target_begin(argc, argv);
	for (int round = 0; round < BLOCKS / ONE_IN; round++)
		for (int site = 0; site < NR_SITES; site++)
			use(site, round);
	target_expect(target_flag(argc, argv, "--alone") == !otel_memory_alloc_semaphore,
		      "somebody listens");
	target_end(argc, argv, truths, NR(truths));
	return 0;
}
