// SPDX-License-Identifier: Apache-2.0
/*
 * The truth for sampling: ten sites of one size each, 24 bytes to 4 MiB, called through 40 rounds
 * that are functions of their own. A stack is a (round, size) pair, so one recording holds 40
 * independent estimates of every size. Each site allocates about --bytes per round (at least two
 * blocks) and frees every second block.
 */
#include "target.h"

#define SIZES(X)                                                                                   \
	X(24)                                                                                      \
	X(64) X(256) X(1024) X(4096) X(16384) X(65536) X(262144) X(1048576) X(4194304)
#define TENS(X, ten)                                                                               \
	X(ten##0)                                                                                  \
	X(ten##1) X(ten##2) X(ten##3) X(ten##4) X(ten##5) X(ten##6) X(ten##7) X(ten##8) X(ten##9)
#define ROUNDS(X) TENS(X, 1) TENS(X, 2) TENS(X, 3) TENS(X, 4)

static struct truth truths[] = {
#define X(size) {.site = "size_" #size, .leaf = "malloc"},
	SIZES(X)
#undef X
};

static const size_t sizes[NR(truths)] = {
#define X(size) size,
	SIZES(X)
#undef X
};

#define X(size)                                                                                    \
	SITE void *size_##size(void)                                                               \
	{                                                                                          \
		return malloc(size);                                                               \
	}
SIZES(X)
#undef X

static void *(*const sites[NR(truths)])(void) = {
#define X(size) size_##size,
	SIZES(X)
#undef X
};

/* Always inlined: the round's own frame is the caller of every site. */
static inline __attribute__((always_inline)) void play(size_t bytes)
{
	for (size_t i = 0; i < NR(truths); i++) {
		size_t blocks = bytes / sizes[i] < 2 ? 2 : bytes / sizes[i];

		for (size_t n = 0; n < blocks; n++) {
			void *p = truth_took(&truths[i], sites[i](), sizes[i]);

			if (n % 2) {
				free(p);
				truth_gave(&truths[i], sizes[i]);
			}
		}
	}
}

#define X(n)                                                                                       \
	SITE void round_##n(size_t bytes)                                                          \
	{                                                                                          \
		play(bytes);                                                                       \
	}
ROUNDS(X)
#undef X

static void (*const rounds[])(size_t bytes) = {
#define X(n) round_##n,
	ROUNDS(X)
#undef X
};

int main(int argc, char **argv)
{
	size_t bytes = (size_t)target_number(argc, argv, "--bytes", 4 << 20);

	target_begin(argc, argv);
	for (size_t i = 0; i < NR(rounds); i++)
		rounds[i](bytes);
	target_end(argc, argv, truths, NR(truths));
}
