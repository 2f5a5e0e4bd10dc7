// SPDX-License-Identifier: Apache-2.0
/*
 * Pages that are touched first at a site of their own, in every way there is, and given back. What
 * the C library touches besides is not stated.
 *
 *   --huge   also huge pages; the system must let a program ask for them
 *   --fork   also pages that are copied since a child shares them
 *   --exec   touches pages, execs itself, and touches others
 *   --size=N the large block, in megabytes, of which a quarter is given back (default 16)
 */
#define _GNU_SOURCE
#include "target.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE	   4096UL
#define HUGE	   (2UL << 20)
#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)
#define LOOKED_US  700000 /* by then heaptap has looked at what there is */

enum site {
	LARGE,
	UNMAPPED,
	DISCARDED,
	READ,
	READ_FIRST,
	SYSTEM_CALL,
	AGAIN,
	WHOLE_HUGE,
	SPLIT,
	NR_SITES
};

static struct truth truths[NR_SITES] = {
	[LARGE] = {"touch_large", "touch_large"},
	[UNMAPPED] = {"touch_unmapped", "touch_unmapped"},
	[DISCARDED] = {"touch_discarded", "touch_discarded"},
	[READ] = {"read_only", "read_only"},
	[READ_FIRST] = {"read_first", "read_first"},
	[SYSTEM_CALL] = {"fill_by_kernel", "[system call]"},
	[AGAIN] = {"touch_again", "touch_again"},
	[WHOLE_HUGE] = {"touch_huge", "touch_huge"},
	[SPLIT] = {"touch_split", "touch_split"},
};

/* So much came by so many faults, and so much of it is left of so many. */
static void state(enum site site, size_t came, size_t faults, size_t left, size_t left_of)
{
	struct truth *truth = &truths[site];

	truth->alloc_bytes += came;
	truth->alloc_objects += faults;
	truth->freed_bytes += came - left;
	truth->freed_objects += faults - left_of;
}

static void state_pages(enum site site, size_t came, size_t left)
{
	state(site, came * PAGE, came, left * PAGE, left);
}

#define TOUCHES(name)                                                                              \
	SITE void name(volatile char *p, size_t size, size_t step)                                 \
	{                                                                                          \
		for (size_t i = 0; i < size; i += step)                                            \
			p[i] = 1;                                                                  \
	}
TOUCHES(touch_large)
TOUCHES(touch_unmapped)
TOUCHES(touch_discarded)
TOUCHES(write_after_read)
TOUCHES(touch_again)
TOUCHES(write_shared)
TOUCHES(touch_huge)
TOUCHES(touch_split)
TOUCHES(touch_file)

#define READS(name)                                                                                \
	SITE char name(const volatile char *p, size_t size)                                        \
	{                                                                                          \
		char sum = 0;                                                                      \
                                                                                                   \
		for (size_t i = 0; i < size; i += PAGE)                                            \
			sum += p[i];                                                               \
		return sum;                                                                        \
	}
READS(read_only)
READS(read_first)
READS(read_file)
READS(read_to_learn)

static char *map(size_t size, int flags, int fd)
{
	char *p = mmap(NULL, size, READ_WRITE, flags, fd, 0);

	target_expect(p != MAP_FAILED, "a mapping");
	return p;
}

SITE void fill_by_kernel(char *p, size_t size)
{
	int fd = open("/dev/zero", O_RDONLY);

	target_expect(fd >= 0 && read(fd, p, size) == (ssize_t)size, "/dev/zero");
	close(fd);
}

static long rss_anon(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	target_expect(status != NULL, "/proc/self/status");
	while (kib < 0 && fgets(line, sizeof(line), status))
		sscanf(line, "RssAnon: %ld", &kib);
	fclose(status);
	return kib;
}

/* A kernel with a page of zeroes for all maps that; some virtual machines have none. */
static bool learn_whether_reads_stay(void)
{
	char *p = map(256 * PAGE, ANONYMOUS, -1);
	long before = rss_anon();
	bool stay;

	read_to_learn(p, 256 * PAGE);
	stay = rss_anon() - before >= (long)(128 * PAGE >> 10);
	munmap(p, 256 * PAGE);
	return stay;
}

static bool reads_stay;

static void large(size_t size)
{
	char *p = map(size, ANONYMOUS, -1);

	madvise(p, size, MADV_NOHUGEPAGE);
	touch_large(p, size, PAGE);
	target_expect(!munmap(p, size / 4), "munmap");
	state_pages(LARGE, size / PAGE, size / PAGE * 3 / 4);
}

static void small(void)
{
	char *p = map(600 * PAGE, ANONYMOUS, -1);

	madvise(p, 600 * PAGE, MADV_NOHUGEPAGE);
	touch_unmapped(p, 100 * PAGE, PAGE);
	target_expect(!munmap(p + 30 * PAGE, 20 * PAGE), "munmap");
	state_pages(UNMAPPED, 100, 80);
	touch_discarded(p + 100 * PAGE, 100 * PAGE, PAGE);
	target_expect(!madvise(p + 150 * PAGE, 50 * PAGE, MADV_DONTNEED), "madvise");
	touch_discarded(p + 190 * PAGE, 10 * PAGE, PAGE);
	state_pages(DISCARDED, 110, 60);
	read_only(p + 200 * PAGE, 100 * PAGE);
	state_pages(READ, 100, reads_stay ? 100 : 0);
	read_first(p + 300 * PAGE, 100 * PAGE);
	write_after_read(p + 300 * PAGE, 100 * PAGE, PAGE);
	state_pages(READ_FIRST, 100, 100);
	fill_by_kernel(p + 400 * PAGE, 100 * PAGE);
	state_pages(SYSTEM_CALL, 100, 100);
}

/* Of files, which is not anonymous memory, shared or not. */
static void files(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *p = map(4 * PAGE, MAP_PRIVATE, fd);

	read_file(p, 4 * PAGE);
	p = map(50 * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	touch_file(p, 50 * PAGE, PAGE);
	close(fd);
}

static char *map_huge(size_t nr)
{
	char *p = map((nr + 1) * HUGE, ANONYMOUS, -1);

	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	target_expect(!madvise(p, nr * HUGE, MADV_HUGEPAGE), "huge pages");
	return p;
}

static void huge(void)
{
	char *p = map_huge(8);

	touch_huge(p + 5 * PAGE, 6 * HUGE, HUGE);
	state(WHOLE_HUGE, 6 * HUGE, 6, 6 * HUGE, 6);
	touch_split(p + 6 * HUGE, 2 * HUGE, HUGE);
	usleep(LOOKED_US);
	target_expect(!madvise(p + 6 * HUGE, HUGE / 2, MADV_DONTNEED), "madvise");
	target_expect(!munmap(p + 7 * HUGE, HUGE), "munmap");
	state(SPLIT, 2 * HUGE, 2, HUGE / 2, 1);
}

/* Copies that parent and child make of what they shared are no first touch. */
static void forks(void)
{
	char *p = map(200 * PAGE, ANONYMOUS, -1);
	int fds[2];
	pid_t child;
	char c;

	touch_again(p, 200 * PAGE, PAGE);
	state_pages(AGAIN, 200, 200);
	target_expect(!pipe(fds), "pipe");
	child = fork();
	if (!child) {
		write_shared(p, 100 * PAGE, PAGE);
		target_expect(read(fds[0], &c, 1) == 1, "pipe");
		_exit(0);
	}
	write_shared(p + 50 * PAGE, 150 * PAGE, PAGE);
	target_expect(write(fds[1], "", 1) == 1, "pipe");
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	size_t size = (size_t)target_number(argc, argv, "--size", 16) << 20;

	if (!target_flag(argc, argv, "--execed")) {
		reads_stay = learn_whether_reads_stay();
		target_begin(argc, argv);
	}
	if (target_flag(argc, argv, "--exec")) {
		touch_unmapped(map(500 * PAGE, ANONYMOUS, -1), 500 * PAGE, PAGE);
		usleep(LOOKED_US);
		execl("/proc/self/exe", argv[0], "--execed", "--hold", NULL);
		_exit(97);
	}
	/* first: what is unmapped before it was looked at must not become a file's */
	files();
	large(size);
	if (!target_flag(argc, argv, "--execed"))
		small();
	if (target_flag(argc, argv, "--huge"))
		huge();
	if (target_flag(argc, argv, "--fork"))
		forks();
	target_end(argc, argv, truths, NR(truths));
}
