// SPDX-License-Identifier: Apache-2.0
/*
 * One scattered read into the table's own arrays, then one pass over them for checksum and bounds:
 * this is what makes a second start fast. The file is not mapped, because it could shrink.
 */
#include "unwind/table_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unwind/rows.h"
#include "unwind/section.h"
#include "unwind/table.h"

#define MAGIC	 0x656c626174706874ULL /* "htptable" */
#define VERSION	 4 /* grows with every change of a layout or of how rules are made */
#define NR_PARTS 3
#define NR_LANES 4
#define MIXER	 0x9e3779b97f4a7c15ULL /* odd, bits well spread */

struct head {
	uint64_t magic;
	uint32_t version, spare;
	uint64_t checksum; /* of all that follows here and behind the head */
	uint64_t base, size;
	uint32_t nr_rows, nr_pages, nr_rules, spare2;
	char build_id[UNWIND_BUILD_ID_SIZE];
	char key[TABLE_FILE_MAX_KEY];
};

_Static_assert(sizeof(struct head) % 8 == 0, "sums are made of words");
_Static_assert(sizeof(struct ht_rule) == 8, "rules are words");

/* Against bad disks and lost writes, not against forgers. Four lanes keep the multiplier busy. */
static uint64_t sum_words(uint64_t sum, const void *data, size_t nr)
{
	uint64_t lanes[NR_LANES] = {sum, 1, 2, 3};
	const uint64_t *words = data;
	size_t i = 0;

	for (; i + NR_LANES <= nr; i += NR_LANES)
		for (size_t lane = 0; lane < NR_LANES; lane++) {
			uint64_t mixed = (lanes[lane] ^ words[i + lane]) * MIXER;

			lanes[lane] = mixed ^ mixed >> 29;
		}
	for (; i < nr; i++)
		lanes[0] = (lanes[0] ^ words[i]) * MIXER;
	for (size_t lane = 1; lane < NR_LANES; lane++)
		lanes[0] = (lanes[0] ^ lanes[lane]) * MIXER;
	return lanes[0] ^ lanes[0] >> 32;
}

static uint64_t sum_table(const struct head *head, const struct unwind_table *table)
{
	size_t start = offsetof(struct head, base);
	uint64_t sum;

	sum = sum_words(0, (const char *)head + start, (sizeof(*head) - start) / 8);
	sum = sum_words(sum, table->rows, table->nr_rows);
	sum = sum_words(sum, table->pages, table->nr_pages);
	return sum_words(sum, table->rules, table->nr_rules);
}

static uint64_t size_of(uint64_t nr_rows, uint64_t nr_pages, uint64_t nr_rules)
{
	return sizeof(struct head) + 8 * (nr_rows + nr_pages + nr_rules);
}

uint64_t table_file_size(const struct unwind_table *table)
{
	return size_of(table->nr_rows, table->nr_pages, table->nr_rules);
}

/* Their size. */
static size_t parts_of(const struct unwind_table *table, struct iovec parts[NR_PARTS])
{
	size_t size = 0;

	parts[0] = (struct iovec){table->rows, table->nr_rows * sizeof(*table->rows)};
	parts[1] = (struct iovec){table->pages, table->nr_pages * sizeof(*table->pages)};
	parts[2] = (struct iovec){table->rules, table->nr_rules * sizeof(*table->rules)};
	for (int i = 0; i < NR_PARTS; i++)
		size += parts[i].iov_len;
	return size;
}

static bool is_head_valid(const struct head *head, const char *key)
{
	return head->magic == MAGIC && head->version == VERSION &&
	       strncmp(head->key, key, sizeof(head->key)) == 0 &&
	       memchr(head->build_id, 0, sizeof(head->build_id)) &&
	       head->size <= SECTION_MAX_CODE && head->nr_rows && head->nr_rows <= ROWS_MAX &&
	       head->nr_rules && head->nr_rules <= ROWS_MAX_RULES &&
	       head->nr_pages == UNWIND_NR_PAGES(head->size);
}

/* Whether a lookup stays within the arrays, and in the table's order. */
static bool are_indices_valid(const struct unwind_table *table)
{
	bool valid = HT_ROW_ADDRESS(table->rows[0]) == 0;

	for (uint32_t i = 0; i < table->nr_rows; i++)
		valid &= HT_ROW_RULE(table->rows[i]) < table->nr_rules;
	for (uint32_t i = 1; i < table->nr_rows; i++)
		valid &= HT_ROW_ADDRESS(table->rows[i - 1]) < HT_ROW_ADDRESS(table->rows[i]);
	for (uint32_t i = 0; i < table->nr_pages; i++)
		valid &= HT_PAGE_FIRST(table->pages[i]) <= HT_PAGE_LAST(table->pages[i]) &&
			 HT_PAGE_LAST(table->pages[i]) < table->nr_rows;
	return valid && table->rules[0].cfa_kind == HT_CFA_NONE;
}

/* A table with room for what @head says that it has. */
static struct unwind_table *new_table(const struct head *head)
{
	struct unwind_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->base = head->base;
	table->size = head->size;
	table->nr_rows = head->nr_rows;
	table->nr_pages = head->nr_pages;
	table->nr_rules = head->nr_rules;
	memcpy(table->build_id, head->build_id, sizeof(table->build_id));
	table->rows = malloc(table->nr_rows * sizeof(*table->rows));
	table->pages = malloc((table->nr_pages + 1) * sizeof(*table->pages));
	table->rules = malloc(table->nr_rules * sizeof(*table->rules));
	if (table->rows && table->pages && table->rules)
		return table;
	unwind_table_free(table);
	return NULL;
}

static int read_parts(int fd, const struct head *head, struct unwind_table *table)
{
	struct iovec parts[NR_PARTS];
	size_t size = parts_of(table, parts);
	ssize_t n = preadv(fd, parts, NR_PARTS, sizeof(*head));

	if (n < 0)
		return -errno;
	if (n != (ssize_t)size || sum_table(head, table) != head->checksum)
		return -EINVAL;
	return are_indices_valid(table) ? 0 : -EINVAL;
}

int table_file_read(int fd, const char *key, struct unwind_table **ret)
{
	struct unwind_table *table;
	struct head head;
	struct stat st;
	ssize_t n;
	int err;

	n = pread(fd, &head, sizeof(head), 0);
	if (n < 0 || fstat(fd, &st))
		return -errno;
	if (n != sizeof(head) || !is_head_valid(&head, key))
		return -EINVAL;
	if ((uint64_t)st.st_size != size_of(head.nr_rows, head.nr_pages, head.nr_rules))
		return -EINVAL;
	table = new_table(&head);
	if (!table)
		return -ENOMEM;
	err = read_parts(fd, &head, table);
	if (err)
		unwind_table_free(table);
	else
		*ret = table;
	return err;
}

int table_file_write(int fd, const char *key, const struct unwind_table *table)
{
	struct head head = {
		.magic = MAGIC,
		.version = VERSION,
		.base = table->base,
		.size = table->size,
		.nr_rows = table->nr_rows,
		.nr_pages = table->nr_pages,
		.nr_rules = table->nr_rules,
	};
	struct iovec parts[NR_PARTS];
	size_t size = parts_of(table, parts);
	ssize_t n;

	if (strlen(key) >= sizeof(head.key))
		return -EINVAL;
	memcpy(head.key, key, strlen(key) + 1);
	memcpy(head.build_id, table->build_id, sizeof(head.build_id));
	head.checksum = sum_table(&head, table);
	n = pwrite(fd, &head, sizeof(head), 0);
	if (n == sizeof(head))
		n = pwritev(fd, parts, NR_PARTS, sizeof(head));
	if (n < 0)
		return -errno;
	return n == (ssize_t)size ? 0 : -ENOSPC;
}
