// SPDX-License-Identifier: Apache-2.0
/*
 * Memory that a program maps itself, in every way there is, each from a site of its own. Nothing
 * else is allocated, but for:
 *
 *   --threads  threads that map, unmap and map again what the others have just let go
 *   --fork     a child that unmaps what it inherited and maps something itself
 *   --exec     maps, execs itself, and maps something else
 *   --full     an unmapping that fails, since it would make more mappings than there may be
 *   --big      blocks so large that malloc maps each, and ones for which it moves the break
 *   --many=N   so many mappings, each unmapped at once
 */
#define _GNU_SOURCE
#include "target.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define PAGE	   4096UL
#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)

enum site {
	MAP_WHOLE,
	MAP_SHARED_ONE,
	MAP_ODD,
	MAP_MIDDLE,
	MAP_FRONT,
	MAP_BACK,
	MAP_GONE,
	MAP_UNDER,
	MAP_OVER,
	MAP_FILE_OVER,
	RESERVE,
	ALLOW,
	GROW_OLD,
	GROW,
	SHRINK,
	MOVE,
	LEAVE_OLD,
	LEAVE,
	STAY,
	BREAK_UP,
	IN_THREAD,
	IN_CHILD,
	BIG_BLOCK,
	SMALL_BLOCK,
	MANY,
	NR_SITES
};

static struct truth truths[NR_SITES] = {
	[MAP_WHOLE] = {"map_whole", "[mmap]"},	  [MAP_SHARED_ONE] = {"map_shared", "[mmap]"},
	[MAP_ODD] = {"map_odd", "[mmap]"},	  [MAP_MIDDLE] = {"map_middle", "[mmap]"},
	[MAP_FRONT] = {"map_front", "[mmap]"},	  [MAP_BACK] = {"map_back", "[mmap]"},
	[MAP_GONE] = {"map_gone", "[mmap]"},	  [MAP_UNDER] = {"map_under", "[mmap]"},
	[MAP_OVER] = {"map_over", "[mmap]"},	  [MAP_FILE_OVER] = {"map_file", "[mmap]"},
	[RESERVE] = {"reserve", "[mmap]"},	  [ALLOW] = {"reserve_for_later", "[mmap]"},
	[GROW_OLD] = {"map_to_grow", "[mmap]"},	  [GROW] = {"grow", "[mremap]"},
	[SHRINK] = {"map_to_shrink", "[mmap]"},	  [MOVE] = {"map_to_move", "[mmap]"},
	[LEAVE_OLD] = {"map_to_leave", "[mmap]"}, [LEAVE] = {"leave", "[mremap]"},
	[STAY] = {"map_to_stay", "[mmap]"},	  [BREAK_UP] = {"break_up", "[brk]"},
	[IN_THREAD] = {"in_thread", "[mmap]"},	  [IN_CHILD] = {"in_child", "[mmap]"},
	[BIG_BLOCK] = {"big_block", "malloc"},	  [SMALL_BLOCK] = {"small_block", "malloc"},
	[MANY] = {"map_many", "[mmap]"},
};

/* So many pages came, as one object, and so many are left. */
static void state(enum site site, size_t came, size_t left)
{
	struct truth *truth = &truths[site];

	truth->alloc_bytes += came * PAGE;
	truth->alloc_objects++;
	truth->freed_bytes += (came - left) * PAGE;
	truth->freed_objects += !left;
}

static void *checked(void *p)
{
	target_expect(p != MAP_FAILED, "a mapping");
	return p;
}

static void unmap(void *p, size_t first, size_t nr)
{
	target_expect(!munmap((char *)p + first * PAGE, nr * PAGE), "munmap");
}

#define MAPS(name)                                                                                 \
	SITE void *name(void *where, size_t size, int protection, int flags, int fd)               \
	{                                                                                          \
		void *p = mmap(where, size, protection, flags, fd, 0);                             \
                                                                                                   \
		__asm__ volatile("" : "+r"(p));                                                    \
		return p;                                                                          \
	}
MAPS(map_whole)
MAPS(map_shared)
MAPS(map_odd)
MAPS(map_middle)
MAPS(map_front)
MAPS(map_back)
MAPS(map_gone)
MAPS(map_under)
MAPS(map_over)
MAPS(map_file)
MAPS(reserve)
MAPS(reserve_for_later)
MAPS(map_to_grow)
MAPS(map_to_shrink)
MAPS(map_to_move)
MAPS(map_to_leave)
MAPS(map_to_stay)
MAPS(in_thread)
MAPS(in_child)
MAPS(map_many)

#define PAGES(name, nr) checked(name(NULL, (nr)*PAGE, READ_WRITE, ANONYMOUS, -1))

SITE void *grow(void *p, size_t old, size_t size)
{
	void *q = mremap(p, old * PAGE, size * PAGE, MREMAP_MAYMOVE);

	__asm__ volatile("" : "+r"(q));
	return q;
}

SITE void *leave(void *p, size_t size)
{
	void *q = mremap(p, size * PAGE, size * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

	__asm__ volatile("" : "+r"(q));
	return q;
}

SITE void *break_up(intptr_t by)
{
	void *p = sbrk(by);

	__asm__ volatile("" : "+r"(p));
	return p;
}

/* --- in parts ----------------------------------------------------------------------------------
 */

static void map_parts(void)
{
	void *p;

	PAGES(map_whole, 10);
	state(MAP_WHOLE, 10, 10);
	checked(map_shared(NULL, 3 * PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1));
	state(MAP_SHARED_ONE, 3, 3);
	checked(map_odd(NULL, PAGE + 5, READ_WRITE, ANONYMOUS, -1));
	state(MAP_ODD, 2, 2);
	unmap(PAGES(map_middle, 10), 3, 2);
	state(MAP_MIDDLE, 10, 8);
	unmap(PAGES(map_front, 10), 0, 4);
	state(MAP_FRONT, 10, 6);
	p = PAGES(map_back, 10);
	target_expect(!munmap((char *)p + 7 * PAGE, 2 * PAGE + 1), "munmap of an odd length");
	state(MAP_BACK, 10, 7);
	p = PAGES(map_gone, 10);
	unmap(p, 0, 6);
	unmap(p, 6, 4);
	unmap(p, 0, 10); /* of nothing */
	state(MAP_GONE, 10, 0);
}

static void map_over_others(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *p = PAGES(map_under, 20);

	checked(map_over(p + 2 * PAGE, 4 * PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1));
	state(MAP_OVER, 4, 4);
	checked(map_file(p + 10 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd));
	checked(map_file(NULL, 2 * PAGE, READ_WRITE, MAP_PRIVATE, fd));
	checked(map_file(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd));
	state(MAP_UNDER, 20, 14);
	close(fd);
}

static void map_reserves(void)
{
	char *p;

	checked(reserve(NULL, 1000 * PAGE, PROT_NONE, ANONYMOUS, -1));
	p = checked(reserve_for_later(NULL, 100 * PAGE, PROT_NONE, ANONYMOUS, -1));
	target_expect(!mprotect(p, 4 * PAGE, READ_WRITE), "mprotect");
	target_expect(!mprotect(p + 50 * PAGE, 7 * PAGE, PROT_READ), "mprotect");
	target_expect(!mprotect(p + 2 * PAGE, 4 * PAGE, READ_WRITE), "mprotect of some again");
	target_expect(!mprotect(p + 50 * PAGE, PAGE, PROT_NONE), "mprotect");
	unmap(p, 55, 40);
	state(ALLOW, 13, 11);
}

/* --- moves -------------------------------------------------------------------------------------
 */

static void map_moves(void)
{
	char *p = grow(PAGES(map_to_grow, 4), 4, 100), *to;

	checked(p);
	state(GROW_OLD, 4, 3);
	state(GROW, 96, 95);
	unmap(p, 3, 2); /* one page of each */
	p = PAGES(map_to_shrink, 10);
	target_expect(mremap(p, 10 * PAGE, 3 * PAGE, 0) == p, "mremap to less");
	state(SHRINK, 10, 3);
	to = checked(reserve(NULL, 10 * PAGE, PROT_NONE, ANONYMOUS, -1));
	p = PAGES(map_to_move, 10);
	target_expect(mremap(p + 2 * PAGE, 6 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     to + PAGE) == to + PAGE,
		      "mremap to a place");
	state(MOVE, 10, 7);
	unmap(p, 2, 6);	 /* nothing is there any more */
	unmap(to, 4, 2); /* the last two that were moved */
	p = PAGES(map_to_leave, 4);
	to = leave(p, 4);
	if (to == MAP_FAILED) /* Linux before 5.7 */
		state(LEAVE_OLD, 4, 4);
	else {
		unmap(p, 0, 1);
		unmap(to, 0, 2);
		state(LEAVE_OLD, 4, 3);
		state(LEAVE, 4, 2);
	}
}

/* What fails changes nothing. */
static void map_failures(void)
{
	char *p = PAGES(map_to_stay, 4);

	target_expect(map_whole(NULL, 1UL << 50, READ_WRITE, ANONYMOUS, -1) == MAP_FAILED &&
			      map_whole(NULL, 0, READ_WRITE, ANONYMOUS, -1) == MAP_FAILED,
		      "what cannot be mapped is not");
	target_expect(grow(p, 4, 1UL << 38) == MAP_FAILED, "mremap to too much");
	target_expect(munmap(p + 1, PAGE) && munmap(p, 0), "munmap of no page");
	target_expect(mprotect(p + 1, PAGE, PROT_READ), "mprotect of no page");
	target_expect(mremap(p, 4 * PAGE, 2 * PAGE, MREMAP_FIXED, NULL) == MAP_FAILED, "mremap");
	state(STAY, 4, 4);
}

static void breaks(void)
{
	target_expect(break_up(7 * PAGE) != (void *)-1, "sbrk");
	target_expect(break_up(100) != (void *)-1, "sbrk");
	target_expect(break_up(100) != (void *)-1, "sbrk");
	target_expect(break_up(-(intptr_t)(3 * PAGE) - 200) != (void *)-1, "sbrk to less");
	truths[BREAK_UP].alloc_bytes = 8 * PAGE;
	truths[BREAK_UP].alloc_objects = 2;
	truths[BREAK_UP].freed_bytes = 4 * PAGE;
	truths[BREAK_UP].freed_objects = 1;
}

/* --- with options ----------------------------------------------------------------------------
 */

#define NR_THREADS 4
#define ROUNDS	   16000
#define KEPT_EVERY 16 /* rounds after which something is left, so that a wrong order shows */

static void *map_and_unmap(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++)
		unmap(PAGES(in_thread, 8), 0, i % KEPT_EVERY ? 8 : 5);
	return NULL;
}

static void threads(void)
{
	pthread_t all[NR_THREADS];
	const size_t nr_kept = NR_THREADS * ROUNDS / KEPT_EVERY;

	for (int i = 0; i < NR_THREADS; i++)
		target_expect(!pthread_create(&all[i], NULL, map_and_unmap, NULL), "a thread");
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(all[i], NULL);
	truths[IN_THREAD].alloc_objects = NR_THREADS * ROUNDS;
	truths[IN_THREAD].alloc_bytes = NR_THREADS * ROUNDS * 8 * PAGE;
	truths[IN_THREAD].freed_objects = NR_THREADS * ROUNDS - nr_kept;
	truths[IN_THREAD].freed_bytes = truths[IN_THREAD].alloc_bytes - nr_kept * 3 * PAGE;
}

static void child(void)
{
	char *p = PAGES(map_whole, 6);
	pid_t pid = fork();

	target_expect(pid >= 0, "fork");
	if (!pid) {
		usleep(700000);
		unmap(p, 0, 6);
		PAGES(in_child, 9);
		target_expect(sbrk(2 * PAGE) != (void *)-1, "sbrk");
		_exit(0);
	}
	state(MAP_WHOLE, 6, 6);
	waitpid(pid, NULL, 0);
	state(IN_CHILD, 9, 9);
}

static void before_exec(char **argv)
{
	PAGES(map_whole, 6);
	execl(argv[0], argv[0], "--after-exec", "--hold", NULL);
	_exit(97);
}

static void after_exec(void)
{
	usleep(700000);
	state(MAP_WHOLE, 6, 0);
	PAGES(in_child, 9);
	state(IN_CHILD, 9, 9);
}

/* How many mappings there may be is a setting of the system; where it is a million, let it be. */
static void full(void)
{
	char *p = PAGES(map_to_stay, 4), *area = PAGES(map_whole, 200000);
	size_t n = 0;

	while (n < 200000 && !mprotect(area + n * PAGE, PAGE, PROT_READ))
		n += 2;
	if (n < 200000)
		target_expect(munmap(p + PAGE, PAGE) && errno == ENOMEM, "munmap fails");
	state(MAP_WHOLE, 200000, 200000);
	state(STAY, 4, 4);
}

SITE void *big_block(size_t size)
{
	return truth_took(&truths[BIG_BLOCK], malloc(size), size);
}

SITE void *small_block(size_t size)
{
	return truth_took(&truths[SMALL_BLOCK], malloc(size), size);
}

static void blocks(void)
{
	for (int i = 0; i < 10; i++) {
		void *p = big_block(3 << 20);

		if (i % 2)
			continue;
		p = realloc(p, 5 << 20);
		free(p);
		truth_gave(&truths[BIG_BLOCK], 3 << 20);
	}
	for (int i = 0; i < 4000; i++)
		small_block(1000);
}

static void many(long nr)
{
	for (long i = 0; i < nr; i++)
		unmap(PAGES(map_many, 1), 0, 1);
	truths[MANY].alloc_objects = truths[MANY].freed_objects = nr;
	truths[MANY].alloc_bytes = truths[MANY].freed_bytes = nr * PAGE;
}

int main(int argc, char **argv)
{
	long nr = target_number(argc, argv, "--many", 0);

	target_begin(argc, argv);
	if (target_flag(argc, argv, "--threads")) {
		threads();
	} else if (target_flag(argc, argv, "--fork")) {
		child();
	} else if (target_flag(argc, argv, "--exec")) {
		before_exec(argv);
	} else if (target_flag(argc, argv, "--after-exec")) {
		after_exec();
	} else if (target_flag(argc, argv, "--full")) {
		full();
	} else if (target_flag(argc, argv, "--big")) {
		blocks();
	} else if (nr) {
		many(nr);
	} else {
		map_parts();
		map_over_others();
		map_reserves();
		map_moves();
		map_failures();
		breaks();
	}
	target_end(argc, argv, truths, NR(truths));
}
