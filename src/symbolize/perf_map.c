// SPDX-License-Identifier: Apache-2.0
/* The file is read whole; entries point into it and are sorted by address. */
#include "symbolize/perf_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE    (1LL << 30)
#define MAX_OVERLAP 64 /* entries looked at that begin before an address, for the newest */

struct entry {
	uint64_t start, end;
	uint32_t line; /* number in the file: the newest has the highest */
	uint32_t name; /* offset in text */
};

struct perf_map {
	char *text;
	uint32_t nr_entries, max_entries;
	struct entry *entries;
};

static int read_text(int fd, char **ret_text, size_t *ret_size)
{
	struct stat st;
	size_t size = 0;
	ssize_t n = 1;
	char *text;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > MAX_SIZE)
		return -EFBIG;
	text = malloc(st.st_size + 1);
	if (!text)
		return -ENOMEM;
	/* It may be growing: what comes later is not of interest. */
	while (n > 0 && size < (size_t)st.st_size) {
		n = pread(fd, text + size, st.st_size - size, size);
		if (n < 0 && errno != EINTR) {
			free(text);
			return -errno;
		}
		size += n > 0 ? n : 0;
	}
	text[size] = '\0';
	*ret_text = text;
	*ret_size = size;
	return 0;
}

/* "START SIZE name": false when @line is something else. */
static bool parse_line(char *line, struct entry *ret, const char *text)
{
	char *end;
	uint64_t size;

	ret->start = strtoull(line, &end, 16);
	if (end == line || *end != ' ')
		return false;
	line = end;
	size = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || !end[1] || !size ||
	    __builtin_add_overflow(ret->start, size, &ret->end))
		return false;
	ret->name = end + 1 - text;
	return true;
}

static int add(struct perf_map *map, const struct entry *entry)
{
	uint32_t max = map->max_entries ? 2 * map->max_entries : 1024;
	struct entry *entries;

	if (map->nr_entries == map->max_entries) {
		entries = reallocarray(map->entries, max, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		map->entries = entries;
		map->max_entries = max;
	}
	map->entries[map->nr_entries++] = *entry;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static int parse(struct perf_map *map, size_t size)
{
	char *at = map->text, *end = map->text + size;
	int err = 0;

	for (uint32_t line = 0; at < end && !err; line++) {
		char *newline = memchr(at, '\n', end - at);
		struct entry entry = {.line = line};

		if (!newline) /* half a line: it is being written */
			break;
		*newline = '\0';
		if (parse_line(at, &entry, map->text))
			err = add(map, &entry);
		at = newline + 1;
	}
	if (map->nr_entries)
		qsort(map->entries, map->nr_entries, sizeof(*map->entries), compare);
	return err;
}

int perf_map_read(int fd, struct perf_map **ret)
{
	struct perf_map *map = calloc(1, sizeof(*map));
	size_t size = 0;
	int err;

	if (!map)
		return -ENOMEM;
	err = read_text(fd, &map->text, &size);
	err = err ?: parse(map, size);
	if (err) {
		perf_map_free(map);
		return err;
	}
	*ret = map;
	return 0;
}

void perf_map_free(struct perf_map *map)
{
	if (!map)
		return;
	free(map->entries);
	free(map->text);
	free(map);
}

const char *perf_map_find(const struct perf_map *map, uint64_t address)
{
	const struct entry *best = NULL;
	uint32_t low = 0, high = map->nr_entries;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t n = 0; n < MAX_OVERLAP && low > 0; n++) {
		const struct entry *entry = &map->entries[--low];

		if (address < entry->end && (!best || entry->line > best->line))
			best = entry;
	}
	return best ? map->text + best->name : NULL;
}

/* Behind "JS:" and the mark of the tier (~ interpreted, ^ baseline, + +' maglev, * turbofan). */
static const char *javascript_name(const char *name)
{
	static const char *const kinds[] = {"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i]);

		if (!strncmp(name, kinds[i], length))
			return name + length + strspn(name + length, "~^*+'-");
	}
	return NULL;
}

/* Cuts ":NUMBER" off the end of [@from, *end). -1 when there is none. */
static long cut_number(const char *from, const char **end)
{
	const char *at = *end;

	while (at > from && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (at == *end || at == from || at[-1] != ':')
		return -1;
	*end = at - 1;
	return strtol(at, NULL, 10);
}

int perf_map_javascript(const char *name, struct perf_map_function *ret)
{
	const char *at = javascript_name(name), *script, *end;
	long line;

	if (!at)
		return -ENOENT;
	/* A name has no blanks, a path may; an anonymous function's begins with the blank. */
	script = strchr(at, ' ');
	if (!script)
		return -ENOENT;
	end = script + strlen(script);
	line = cut_number(script, &end) < 0 ? -1 : cut_number(script, &end);
	ret->line = line > 0 ? line : 0;
	ret->name = strndup(at, script - at);
	ret->script = strndup(script + 1, end > script ? end - script - 1 : 0);
	if (ret->name && ret->script)
		return 0;
	free(ret->name);
	free(ret->script);
	return -ENOMEM;
}
