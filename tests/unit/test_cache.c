// SPDX-License-Identifier: Apache-2.0
/*
 * The cache of unwind tables: what is stored comes back the same, what is not to be trusted does
 * not, and the directory keeps its size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unwind/cache.h"
#include "unwind/table.h"
#include "unwind/table_file.h"

#define LARGE (1ULL << 30)

struct fixture {
	char dir[64];
	struct unwind_cache *cache;
	int fd; /* this program */
	struct unwind_table *table;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/heaptap-cache-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(unwind_cache_open_at(f->dir, LARGE, &f->cache, NULL), 0);
	f->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unwind_table_build(f->fd, &f->table, NULL), 0);
	*state = f;
	return 0;
}

/* Calls @visit with the path of every file; returns how many there are. */
static unsigned int each_file(const char *dir, void (*visit)(const char *path))
{
	DIR *stream = opendir(dir);
	unsigned int nr = 0;
	struct dirent *entry;
	char path[512];

	while ((entry = readdir(stream))) {
		if (*entry->d_name == '.')
			continue;
		nr++;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (visit)
			visit(path);
	}
	closedir(stream);
	return nr;
}

static void drop_file(const char *path)
{
	assert_int_equal(remove(path), 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	each_file(f->dir, drop_file);
	assert_int_equal(rmdir(f->dir), 0);
	unwind_cache_close(f->cache);
	unwind_table_free(f->table);
	close(f->fd);
	free(f);
	return 0;
}

static void check_equal(const struct unwind_table *a, const struct unwind_table *b)
{
	assert_int_equal(a->base, b->base);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->nr_rows, b->nr_rows);
	assert_int_equal(a->nr_pages, b->nr_pages);
	assert_int_equal(a->nr_rules, b->nr_rules);
	assert_memory_equal(a->rows, b->rows, a->nr_rows * sizeof(*a->rows));
	assert_memory_equal(a->pages, b->pages, a->nr_pages * sizeof(*a->pages));
	assert_memory_equal(a->rules, b->rules, a->nr_rules * sizeof(*a->rules));
	assert_string_equal(a->build_id, b->build_id);
}

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = NULL;

	assert_int_equal(unwind_cache_load(f->cache, f->fd, &table), -ENOENT);
	assert_null(table);
	assert_int_equal(unwind_cache_store(f->cache, f->fd, f->table), 0);
	assert_int_equal(unwind_cache_load(f->cache, f->fd, &table), 0);
	check_equal(table, f->table);
	unwind_table_free(table);
	assert_int_equal(unwind_cache_store(f->cache, f->fd, f->table), 0); /* again */
	assert_int_equal(each_file(f->dir, NULL), 1);
}

static void test_get_table(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table;
	struct diag diag = {""};
	int fd;

	for (int i = 0; i < 3; i++) { /* built without, built with, loaded */
		assert_int_equal(unwind_cache_get_table(i ? f->cache : NULL, f->fd, &table, &diag),
				 0);
		check_equal(table, f->table);
		unwind_table_free(table);
		assert_int_equal(each_file(f->dir, NULL), i > 0);
	}
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unwind_cache_get_table(f->cache, fd, &table, &diag), -ENOEXEC);
	assert_string_not_equal(diag.text, "");
	close(fd);
}

static void truncate_file(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 8), 0);
}

static void extend_file(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size + 8), 0);
}

static void empty_file(const char *path)
{
	assert_int_equal(truncate(path, 0), 0);
}

static void flip_at(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void flip_magic(const char *path)
{
	flip_at(path, 0);
}

static void flip_version(const char *path)
{
	flip_at(path, 8);
}

static void flip_nr_rows(const char *path)
{
	flip_at(path, 41);
}

static void flip_row(const char *path)
{
	flip_at(path, 400);
}

static void flip_last(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	flip_at(path, st.st_size - 1);
}

static void open_to_others(const char *path)
{
	assert_int_equal(chmod(path, 0620), 0);
}

static void make_link(const char *path)
{
	char other[512];

	snprintf(other, sizeof(other), "%s.target", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
}

static void make_fifo(const char *path)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void give_away(const char *path)
{
	assert_int_equal(chown(path, 12345, 12345), 0);
}

/* Whatever is wrong with a file, it is not used, and the next store makes it good. */
static void test_distrust(void **state)
{
	static void (*const spoil[])(const char *path) = {
		truncate_file, extend_file, empty_file,	    flip_magic, flip_version, flip_nr_rows,
		flip_row,      flip_last,   open_to_others, make_link,	make_fifo,    give_away,
	};
	struct fixture *f = *state;
	struct unwind_table *table = NULL;

	for (size_t i = 0; i < sizeof(spoil) / sizeof(*spoil); i++) {
		if (spoil[i] == give_away && geteuid())
			continue; /* needs root */
		assert_int_equal(unwind_cache_store(f->cache, f->fd, f->table), 0);
		each_file(f->dir, spoil[i]);
		if (!unwind_cache_load(f->cache, f->fd, &table))
			print_message("spoil[%zu] was not noticed\n", i);
		assert_null(table);
		each_file(f->dir, drop_file);
	}
}

/* A sum that is right does not make indices right: what would be read out of bounds is refused. */
static void test_indices(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = NULL;
	int fd = open(f->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint64_t row = f->table->rows[7], page = f->table->pages[3];

	assert_int_equal(table_file_write(fd, "key", f->table), 0);
	assert_int_equal(table_file_read(fd, "other", &table), -EINVAL);
	f->table->rows[7] = HT_ROW(HT_ROW_ADDRESS(row), f->table->nr_rules);
	assert_int_equal(table_file_write(fd, "key", f->table), 0);
	assert_int_equal(table_file_read(fd, "key", &table), -EINVAL);
	f->table->rows[7] = HT_ROW(0, HT_ROW_RULE(row));
	assert_int_equal(table_file_write(fd, "key", f->table), 0);
	assert_int_equal(table_file_read(fd, "key", &table), -EINVAL);
	f->table->rows[7] = row;
	f->table->pages[3] = HT_PAGE(0, f->table->nr_rows);
	assert_int_equal(table_file_write(fd, "key", f->table), 0);
	assert_int_equal(table_file_read(fd, "key", &table), -EINVAL);
	f->table->pages[3] = page;
	assert_null(table);
	assert_int_equal(table_file_write(fd, "key", f->table), 0);
	assert_int_equal(table_file_read(fd, "key", &table), 0);
	check_equal(table, f->table);
	unwind_table_free(table);
	close(fd);
}

/* A copy of this program with bytes behind it: another object of the same build id. */
static int make_object(unsigned int nr)
{
	char bytes[1 << 16], path[] = "/tmp/heaptap-object-XXXXXX";
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = mkstemp(path);
	ssize_t n;

	unlink(path);
	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(to, bytes, (size_t)n), n);
	assert_int_equal(write(to, bytes, nr), nr);
	close(from);
	return to;
}

/* A build id is believed of a file that root or we own; of others the inode says who they are. */
static void test_keys(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = NULL;
	int same = make_object(0), foreign = make_object(0);

	if (!f->table->build_id[0] || geteuid()) {
		print_message("skipped: needs root, and a linker that writes build ids\n");
		close(same);
		close(foreign);
		skip();
	}
	assert_int_equal(fchown(foreign, 12345, 12345), 0);
	assert_int_equal(unwind_cache_store(f->cache, foreign, f->table), 0);
	assert_int_equal(unwind_cache_load(f->cache, f->fd, &table), -ENOENT);
	assert_int_equal(unwind_cache_store(f->cache, f->fd, f->table), 0);
	assert_int_equal(unwind_cache_load(f->cache, same, &table), 0);
	unwind_table_free(table);
	assert_int_equal(unwind_cache_load(f->cache, foreign, &table), 0);
	unwind_table_free(table);
	assert_int_equal(each_file(f->dir, NULL), 2);
	usleep(20000); /* the clock of inodes ticks every 10 ms at worst */
	assert_int_equal(pwrite(foreign, "x", 1, 5000), 1);
	assert_int_equal(unwind_cache_load(f->cache, foreign, &table), -ENOENT);
	close(same);
	close(foreign);
}

/* Room for two: the third takes the place of the one that was not used since. */
static void test_size(void **state)
{
	struct fixture *f = *state;
	uint64_t size = table_file_size(f->table);
	struct unwind_table *table;
	struct unwind_cache *small;
	int objects[3];
	char other[128];

	snprintf(other, sizeof(other), "%s/not-ours", f->dir);
	close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(unwind_cache_open_at(f->dir, 2 * size + 100, &small, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		objects[i] = make_object(i + 1);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(unwind_cache_store(small, objects[i], f->table), 0);
		usleep(20000);
	}
	assert_int_equal(unwind_cache_load(small, objects[0], &table), 0);
	unwind_table_free(table);
	assert_int_equal(unwind_cache_store(small, objects[2], f->table), 0);
	assert_int_equal(unwind_cache_load(small, objects[1], &table), -ENOENT);
	assert_int_equal(unwind_cache_load(small, objects[0], &table), 0);
	unwind_table_free(table);
	assert_int_equal(unwind_cache_load(small, objects[2], &table), 0);
	unwind_table_free(table);
	assert_int_equal(each_file(f->dir, NULL), 3);
	unwind_cache_close(small);
	assert_int_equal(unwind_cache_open_at(f->dir, size - 1, &small, NULL), 0);
	assert_int_equal(unwind_cache_store(small, objects[1], f->table), -EFBIG);
	assert_int_equal(each_file(f->dir, NULL), 3);
	unwind_cache_close(small);
	for (unsigned int i = 0; i < 3; i++)
		close(objects[i]);
}

/* What a run left that was killed while it wrote goes, but only when it is old. */
static void test_left_over(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct fixture *f = *state;
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%d.tmp", f->dir, i);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_int_equal(unwind_cache_store(f->cache, f->fd, f->table), 0);
	assert_int_equal(each_file(f->dir, NULL), 2);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_directory(void **state)
{
	struct fixture *f = *state;
	struct unwind_cache *cache = NULL;
	struct diag diag = {""};
	char path[128];

	snprintf(path, sizeof(path), "%s/sub", f->dir);
	assert_int_equal(setenv("XDG_CACHE_HOME", path, 1), 0);
	assert_int_equal(unwind_cache_open(&cache, &diag), 0);
	unwind_cache_close(cache);
	snprintf(path, sizeof(path), "%s/sub/heaptap", f->dir);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(unwind_cache_open(&cache, &diag), -EPERM);
	assert_non_null(strstr(diag.text, path));
	assert_int_equal(rmdir(path), 0);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(unwind_cache_open(&cache, &diag), -ENOTDIR);
	assert_int_equal(unlink(path), 0);
	unsetenv("XDG_CACHE_HOME");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_get_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_distrust, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory, setup, teardown),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
