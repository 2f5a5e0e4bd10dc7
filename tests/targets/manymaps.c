// SPDX-License-Identifier: Apache-2.0
/*
 * As many executable mappings as its last argument says (1,900 without), each a page of its own
 * file, and then some allocations: what is in none of them must still be found among them.
 */
#include "target.h"

#include <sys/mman.h>

enum { BLOCKS = 100, SIZE = 300, MAPPINGS = 1900, PAGE = 4096 };

static struct truth truths[] = {{.site = "among_many", .leaf = "malloc"}};

SITE void *among_many(size_t size)
{
	return truth_took(&truths[0], malloc(size), size);
}

/* Every second page of a range, so that no two become one mapping. */
static void map_pages(int nr)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *range = mmap(NULL, 2L * nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	target_expect(fd >= 0 && range != MAP_FAILED, "a range");
	for (int i = 0; i < nr; i++)
		target_expect(mmap(range + 2L * i * PAGE, PAGE, PROT_READ | PROT_EXEC,
				   MAP_PRIVATE | MAP_FIXED, fd, 0) != MAP_FAILED,
			      "a mapping");
	close(fd);
}

int main(int argc, char **argv)
{
	int nr = atoi(argv[argc - 1]);

	map_pages(nr > 0 ? nr : MAPPINGS);
	target_begin(argc, argv);
	for (int i = 0; i < BLOCKS; i++)
		among_many(SIZE + i);
	target_end(argc, argv, truths, NR(truths));
}
