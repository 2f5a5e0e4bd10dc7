// SPDX-License-Identifier: Apache-2.0
/*
 * A busy process that leaks nothing: it allocates and frees without end and prints "alive" now and
 * then, so that a test sees it go on while profilers come, go and are killed.
 */
#include "target.h"

enum { SLOTS = 512 };

static void *slots[SLOTS];

SITE void *churn_alloc(size_t size)
{
	return malloc(size);
}

int main(void)
{
	for (size_t i = 0;; i++) {
		size_t slot = i * 2654435761u % SLOTS;

		free(slots[slot]);
		slots[slot] = churn_alloc(16 + i % 512);
		target_expect(slots[slot] != NULL, "malloc");
		if (i % 1024 == 0)
			usleep(2000);
		if (i % 32768 == 0)
			target_print("alive\n");
	}
}
