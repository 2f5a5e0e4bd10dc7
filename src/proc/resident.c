// SPDX-License-Identifier: Apache-2.0
/* Layouts as in include/uapi/linux/fs.h and Documentation/admin-guide/mm/pagemap.rst. */
#include "proc/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proc/procfs.h"

struct scan_range {
	uint64_t start, end, categories;
};

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN _IOWR('f', 16, struct scan)

#define IS_FILE	   (1 << 2)
#define IS_PRESENT (1 << 3)
#define IS_SWAPPED (1 << 4)
#define IS_ZERO	   (1 << 5)
#define IS_HUGE	   (1 << 6)

#define ENTRY_FILE    (1ULL << 61)
#define ENTRY_SWAPPED (1ULL << 62)
#define ENTRY_PRESENT (1ULL << 63)
#define ENTRY_PFN     ((1ULL << 55) - 1)

#define KPF_HEAD (1ULL << 15)
#define KPF_THP	 (1ULL << 22)
#define KPF_ZERO (1ULL << 24)

#define RANGES 64

#define HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/"

int resident_open(struct resident *resident, pid_t pid)
{
	int dir = procfs_open(pid);

	*resident = (struct resident){-1, -1, false};
	if (dir < 0)
		return dir;
	resident->pagemap = procfs_openat(dir, "pagemap", O_RDONLY | O_CLOEXEC);
	close(dir);
	return resident->pagemap < 0 ? resident->pagemap : 0;
}

void resident_close(struct resident *resident)
{
	if (resident->pagemap >= 0)
		close(resident->pagemap);
	if (resident->kpageflags >= 0)
		close(resident->kpageflags);
	*resident = (struct resident){-1, -1, false};
}

static uint8_t flags_of(uint64_t categories)
{
	return RESIDENT_THERE | (categories & IS_FILE ? RESIDENT_FILE : 0) |
	       (categories & IS_HUGE ? RESIDENT_HUGE : 0) |
	       (categories & IS_ZERO ? RESIDENT_ZERO : 0);
}

static int scan(const struct resident *resident, unsigned int first, unsigned int end,
		struct resident_region *region)
{
	struct scan_range ranges[RANGES];
	struct scan arg = {
		.size = sizeof(arg),
		.start = region->base + first * RESIDENT_PAGE,
		.end = region->base + end * RESIDENT_PAGE,
		.vec = (uintptr_t)ranges,
		.vec_len = RANGES,
		.category_anyof_mask = IS_PRESENT | IS_SWAPPED,
		.return_mask = IS_FILE | IS_PRESENT | IS_SWAPPED | IS_ZERO | IS_HUGE,
	};

	while (arg.start < arg.end) {
		int nr = ioctl(resident->pagemap, SCAN, &arg);

		if (nr < 0)
			return -errno;
		for (int i = 0; i < nr; i++)
			memset(region->flags + (ranges[i].start - region->base) / RESIDENT_PAGE,
			       flags_of(ranges[i].categories),
			       (ranges[i].end - ranges[i].start) / RESIDENT_PAGE);
		arg.start = arg.walk_end;
	}
	return 0;
}

/* Of a page that is in memory; without privilege its number is 0 and nothing is known. */
static uint8_t kernel_flags(const struct resident *resident, uint64_t entry, unsigned int index)
{
	uint64_t number = entry & ENTRY_PFN, head = number & ~(RESIDENT_REGION_PAGES - 1);
	uint64_t flags, head_flags;

	if (!number || resident->kpageflags < 0 ||
	    pread(resident->kpageflags, &flags, sizeof(flags), number * 8) != sizeof(flags))
		return 0;
	if (flags & KPF_ZERO)
		return RESIDENT_ZERO;
	if (!(flags & KPF_THP) || number - head != index ||
	    pread(resident->kpageflags, &head_flags, sizeof(flags), head * 8) != sizeof(flags))
		return 0;
	return head_flags & KPF_HEAD ? RESIDENT_HUGE : 0;
}

static int read_entries(const struct resident *resident, unsigned int first, unsigned int end,
			struct resident_region *region)
{
	uint64_t entries[RESIDENT_REGION_PAGES];
	size_t size = (end - first) * sizeof(*entries);
	ssize_t n = pread(resident->pagemap, entries, size,
			  (region->base / RESIDENT_PAGE + first) * sizeof(*entries));

	if (n < 0)
		return -errno;
	if ((size_t)n < size)
		return -ESRCH;
	for (unsigned int i = first; i < end; i++) {
		uint64_t entry = entries[i - first];

		if (!(entry & (ENTRY_PRESENT | ENTRY_SWAPPED)))
			continue;
		region->flags[i] = RESIDENT_THERE | (entry & ENTRY_FILE ? RESIDENT_FILE : 0);
		if ((entry & (ENTRY_PRESENT | ENTRY_FILE)) == ENTRY_PRESENT)
			region->flags[i] |= kernel_flags(resident, entry, i);
	}
	return 0;
}

/* What an image that is gone has mapped looks like nothing. */
static int is_there(const struct resident *resident)
{
	uint64_t entry;
	ssize_t n = pread(resident->pagemap, &entry, sizeof(entry), 0);

	return n < 0 ? -errno : n ? 0 : -ESRCH;
}

static void begin_reading(struct resident *resident)
{
	resident->reads = true;
	resident->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
}

int resident_read(struct resident *resident, unsigned int first, unsigned int end,
		  struct resident_region *region)
{
	int err = -ENOTTY;

	memset(region->flags, 0, sizeof(region->flags));
	if (!resident->reads) {
		err = scan(resident, first, end, region);
		if (err == -ENOTTY)
			begin_reading(resident);
	}
	if (resident->reads)
		err = read_entries(resident, first, end, region);
	return err ?: is_there(resident);
}

/* The word in brackets is what is chosen; inherit is what the file for all sizes says. */
static bool is_chosen(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[128] = "", choice[32];

	snprintf(choice, sizeof(choice), "[%s]", word);
	if (file && !fgets(line, sizeof(line), file))
		*line = '\0';
	if (file)
		fclose(file);
	return strstr(line, choice);
}

bool resident_has_middle_sizes(void)
{
	bool inherits = !is_chosen(HUGE_PAGES "enabled", "never");
	glob_t found;
	bool has = false;

	if (glob(HUGE_PAGES "hugepages-*kB/enabled", 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && !has; i++)
		has = !strstr(found.gl_pathv[i], "hugepages-2048kB") &&
		      (is_chosen(found.gl_pathv[i], "always") ||
		       is_chosen(found.gl_pathv[i], "madvise") ||
		       (inherits && is_chosen(found.gl_pathv[i], "inherit")));
	globfree(&found);
	return has;
}

/* Where the kernel does not tell the number of a page, that of the stack, which is there, is 0. */
bool resident_tells_sizes(struct resident *resident)
{
	uint64_t entry = 0, here = (uintptr_t)&entry;
	struct resident_region region = {.base = here & ~(RESIDENT_REGION - 1)};
	int own;

	if (resident_read(resident, 0, 1, &region) || !resident->reads)
		return !resident->reads;
	own = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (own < 0 || pread(own, &entry, sizeof(entry), here / RESIDENT_PAGE * 8) < 0)
		entry = 0;
	if (own >= 0)
		close(own);
	return resident->kpageflags >= 0 && entry & ENTRY_PFN;
}
