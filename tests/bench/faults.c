// SPDX-License-Identifier: Apache-2.0
/*
 * What a page fault takes, in CPU time: for each line on stdin 32 MiB are touched and given back
 * some times over; answers with the nanoseconds of a fault of a small page and of a huge one (0
 * where there are none). It lives for long, so that tools come and go beside the same process.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE (4UL << 10)
#define HUGE (2UL << 20)
#define SIZE (32UL << 20)

enum { ROUNDS = 20 };

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static double fault_ns(volatile char *memory, size_t step)
{
	double sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double begin = cpu_ns();

		for (size_t i = 0; i < SIZE; i += step)
			memory[i] = 1;
		sum += cpu_ns() - begin;
		if (madvise((void *)memory, SIZE, MADV_DONTNEED))
			exit(1);
	}
	return sum / ROUNDS / (SIZE / step);
}

/* Memory with pages of one size. */
static char *map(int advice)
{
	char *memory =
		mmap(NULL, SIZE + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	memory = (char *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
	return madvise(memory, SIZE, advice) ? NULL : memory;
}

int main(void)
{
	char *small = map(MADV_NOHUGEPAGE), *huge = map(MADV_HUGEPAGE);

	while (getchar() == '\n') {
		printf("%.1f %.1f\n", fault_ns(small, PAGE), huge ? fault_ns(huge, HUGE) : 0);
		fflush(stdout);
	}
	return 0;
}
