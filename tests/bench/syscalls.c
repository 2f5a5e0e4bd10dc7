// SPDX-License-Identifier: Apache-2.0
/*
 * What a system call takes, in CPU time: for each line on stdin some hundred thousand getpid(),
 * then pairs of mmap and munmap of a page; answers with the nanoseconds of one call and of one
 * pair. It lives for long, so that tools come and go beside the same process. It calls malloc, to
 * be one that heaptap watches.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NR_CALLS = 300000, NR_PAIRS = 30000, PAGE = 4096 };

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static double getpid_ns(void)
{
	double begin = cpu_ns();

	for (int i = 0; i < NR_CALLS; i++)
		syscall(SYS_getpid);
	return (cpu_ns() - begin) / NR_CALLS;
}

static double pair_ns(void)
{
	double begin = cpu_ns();

	for (int i = 0; i < NR_PAIRS; i++) {
		void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED || munmap(p, PAGE))
			exit(1);
	}
	return (cpu_ns() - begin) / NR_PAIRS;
}

int main(void)
{
	free(malloc(100));
	while (getchar() == '\n') {
		double call = getpid_ns(), pair = pair_ns();

		printf("%.1f %.1f\n", call, pair);
		fflush(stdout);
	}
	return 0;
}
