// SPDX-License-Identifier: Apache-2.0
/*
 * One of many: member COUNT SIZE HOLD_MS allocates COUNT blocks of SIZE bytes, frees every second
 * one, and lives on for HOLD_MS. Given --wait-start first it waits for its stdin to close before
 * that. It prints nothing: who starts it knows what it does.
 */
#include "target.h"

SITE void *in_member(size_t size)
{
	return malloc(size);
}

int main(int argc, char **argv)
{
	bool waits = argc > 1 && !strcmp(argv[1], "--wait-start");
	char byte;

	argv += waits;
	target_expect(argc - waits == 4, "COUNT SIZE HOLD_MS");
	if (waits)
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
	for (int i = 0; i < atoi(argv[1]); i++) {
		void *block = in_member(atoi(argv[2]));

		target_expect(block != NULL, "malloc");
		if (i % 2)
			free(block);
	}
	usleep(1000 * atoi(argv[3]));
	return 0;
}
