// SPDX-License-Identifier: Apache-2.0
/*
 * The objects behind mappings: odd names, no right to map_files, what is no file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mapped_files.h"
#include "proc/object.h"
#include "proc/procfs.h"

static void test_names(void **state)
{
	static const char *const names[] = {"two  words ", "new\nline", "literal\\012",
					    "x (deleted)", "00400000-00401000 r-xp 0 fe:01 1 y"};
	char *mapped[5], *anonymous;
	struct space *space;

	(void)state;
	for (int i = 0; i < 5; i++) {
		write_file(in_directory(names[i]), "content");
		mapped[i] = map_file(in_directory(names[i]), 0);
	}
	anonymous = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	space = space_of(getpid());
	for (int i = 0; i < 5; i++) {
		const struct mapping *mapping = mapping_at(space, mapped[i]);

		assert_non_null(mapping);
		check_content(mapping->object, "content");
		assert_false(mapping->object->deleted);
		assert_string_equal(mapping->object->path,
				    in_directory(i == 1 ? "new\\012line" : names[i]));
		munmap(mapped[i], PAGE);
	}
	assert_string_equal(mapping_at(space, anonymous)->name, "");
	assert_null(mapping_at(space, anonymous)->object);
	munmap(anonymous, PAGE);
	space_free(space);
}

/* Maps two files, replaces one on disk, and has no right to map_files. Returns what was wrong. */
static int unprivileged(const char *kept, const char *replaced, const char *newer)
{
	char *a = map_file(kept, 0), *b = map_file(replaced, 0);
	const struct mapping *mapping;
	struct space *space;
	char bytes[4];

	if (rename(newer, replaced) || setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	space = space_new(getpid(), NULL);
	if (!space || space_refresh(space, NULL))
		return 2;
	mapping = mapping_at(space, a);
	if (!mapping || mapping->object->error || pread(mapping->object->fd, bytes, 4, 0) != 4 ||
	    memcmp(bytes, "kept", 4))
		return 3;
	mapping = mapping_at(space, b);
	if (!mapping || mapping->object->error != -EPERM || mapping->object->fd != -1)
		return 4;
	if (!mapping->object->deleted || strcmp(mapping->object->path, replaced))
		return 5;
	space_free(space);
	return 0;
}

static void test_without_map_files(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid()) {
		print_message("skipped: needs root to become nobody\n");
		skip();
	}
	write_file(in_directory("kept"), "kept");
	write_file(in_directory("stale"), "old");
	write_file(in_directory("newer"), "new");
	assert_int_equal(chmod(directory, 0755), 0);
	pid = fork();
	if (!pid)
		_exit(unprivileged(in_directory("kept"), in_directory("stale"),
				   in_directory("newer")));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What is mapped need not be a file that may be opened: here a device. */
static void test_device(void **state)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	const struct mapping *mapping;
	struct space *space;
	char *a;

	(void)state;
	a = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	if (a == MAP_FAILED) {
		print_message("skipped: /dev is mounted noexec\n");
		skip();
	}
	space = space_of(getpid());
	mapping = mapping_at(space, a);
	assert_non_null(mapping);
	assert_int_equal(mapping->object->fd, -1);
	assert_int_equal(mapping->object->error, -ENOTSUP);
	space_free(space);
	munmap(a, PAGE);
}

/* The file that maps named is no longer the one that is mapped when it is opened. */
static void test_replaced(void **state)
{
	int dir = procfs_open(getpid());
	struct maps_entry entry = {.executable = true};
	struct object *object;
	struct stat st;
	char *mapped;

	(void)state;
	write_file(in_directory("before"), "before");
	write_file(in_directory("after"), "after");
	mapped = map_file(in_directory("after"), 0);
	assert_int_equal(stat(in_directory("before"), &st), 0);
	entry.start = (uint64_t)(uintptr_t)mapped;
	entry.end = entry.start + PAGE;
	entry.dev = st.st_dev;
	entry.ino = st.st_ino;
	entry.name = (char *)in_directory("before");
	object = object_open(dir, &entry);
	assert_non_null(object);
	assert_int_equal(object->error, -ESTALE);
	assert_int_equal(object->fd, -1);
	object_put(object);
	munmap(mapped, PAGE);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_without_map_files),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
