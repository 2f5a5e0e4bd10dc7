// SPDX-License-Identifier: Apache-2.0
/*
 * A service for `heaptap trend`: every 2 ms one block each of a leak, of a cache that is full after
 * a while, of one that keeps its last blocks, and of what is freed at once. It touches what it
 * allocates, and ends with its stdin.
 *
 *   --no-leak     the leak is freed too
 */
#include "target.h"

#include <poll.h>
#include <time.h>

enum { LEAK_SIZE = 2000, CACHE_SIZE = 3000, CACHE_MAX = 400, LAST_SIZE = 1000, LAST_MAX = 64 };

SITE void *leak(void)
{
	return malloc(LEAK_SIZE);
}

SITE void *cache_fill(void)
{
	return malloc(CACHE_SIZE);
}

SITE void *last_keep(void)
{
	return malloc(LAST_SIZE);
}

SITE void *at_once(void)
{
	return malloc(5000);
}

static void *touched(void *block, size_t size)
{
	target_expect(block != NULL, "malloc");
	return memset(block, 1, size);
}

int main(int argc, char **argv)
{
	static void *last[LAST_MAX];
	bool no_leak = argc > 1 && !strcmp(argv[1], "--no-leak");
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	target_print("ready\n");
	for (size_t i = 0; poll(&in, 1, 2) == 0; i++) {
		void *block = touched(leak(), LEAK_SIZE);

		if (no_leak)
			free(block);
		if (i < CACHE_MAX)
			touched(cache_fill(), CACHE_SIZE);
		free(last[i % LAST_MAX]);
		last[i % LAST_MAX] = touched(last_keep(), LAST_SIZE);
		free(touched(at_once(), 5000));
	}
	return 0;
}
