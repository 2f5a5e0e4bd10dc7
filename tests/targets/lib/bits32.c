// SPDX-License-Identifier: Apache-2.0
/*
 * A 32-bit process, which cannot be profiled. Freestanding, so that no 32-bit C library is needed
 * to build it: it says "ready" and waits for a signal.
 */
void _start(void);

static long call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
	return result;
}

void _start(void)
{
	static const char ready[] = "ready\n";

	call(4 /* write */, 1, (long)ready, sizeof(ready) - 1);
	for (;;)
		call(29 /* pause */, 0, 0, 0);
}
