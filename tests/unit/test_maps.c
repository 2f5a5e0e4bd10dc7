// SPDX-License-Identifier: Apache-2.0
/*
 * The text of /proc/PID/maps, from literal lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc/maps.h"

#define PAD "                "

static void test_lines(void **state)
{
	const struct {
		const char *line;
		struct maps_entry entry;
	} rows[] = {
		{"00400000-00401000 r-xp 00000000 fe:01 1234567" PAD "/usr/bin/cat\n",
		 {0x400000, 0x401000, 0, makedev(0xfe, 1), 1234567, true, "/usr/bin/cat"}},
		{"7f1c00000000-7f1c00021000 rw-p 00000000 00:00 0 \n",
		 {0x7f1c00000000, 0x7f1c00021000, 0, 0, 0, false, ""}},
		{"7f1c00000000-7f1c00021000 rwxp 00000000 00:00 0",
		 {0x7f1c00000000, 0x7f1c00021000, 0, 0, 0, true, ""}},
		{"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0" PAD "[vsyscall]\n",
		 {0xffffffffff600000, 0xffffffffff601000, 0, 0, 0, true, "[vsyscall]"}},
		{"10000-20000 r-xs 1ffff000 103:0a 18446744073709551615" PAD
		 "/a b\\012 (deleted)\n",
		 {0x10000, 0x20000, 0x1ffff000, makedev(0x103, 10), UINT64_MAX, true,
		  "/a b\\012 (deleted)"}},
		{"10000-20000 r--p 00000000 00:01 5" PAD "/memfd: odd  (deleted)\n",
		 {0x10000, 0x20000, 0, makedev(0, 1), 5, false, "/memfd: odd  (deleted)"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct maps_entry *wanted = &rows[i].entry;
		struct maps_entry entry;
		char line[256];

		snprintf(line, sizeof(line), "%s", rows[i].line);
		assert_int_equal(maps_parse_line(line, &entry), 0);
		assert_int_equal(entry.start, wanted->start);
		assert_int_equal(entry.end, wanted->end);
		assert_int_equal(entry.offset, wanted->offset);
		assert_int_equal(entry.dev, wanted->dev);
		assert_int_equal(entry.ino, wanted->ino);
		assert_int_equal(entry.executable, wanted->executable);
		assert_string_equal(entry.name, wanted->name);
	}
}

static void test_bad_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"00400000-00401000",
		"00400000 r-xp 00000000 fe:01 1 /x",
		"00401000-00400000 r-xp 00000000 fe:01 1 /x",
		"00400000-00400000 r-xp 00000000 fe:01 1 /x",
		"00400000-00401000 r-x 00000000 fe:01 1 /x",
		"00400000-00401000 r-xp 00000000 fe 1 /x",
		"00400000-00401000 r-xp 00000000 fe:01 1x /x",
	};
	struct maps_entry entry = {.ino = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[128];

		snprintf(line, sizeof(line), "%s", lines[i]);
		assert_int_equal(maps_parse_line(line, &entry), -EINVAL);
	}
	assert_int_equal(entry.ino, 77);
}

static int read_text(const char *text, struct maps *maps)
{
	int fd = memfd_create("maps", MFD_CLOEXEC), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	err = maps_read(fd, maps);
	close(fd);
	return err;
}

static void test_list(void **state)
{
	struct maps maps = {.nr_entries = 77};

	(void)state;
	assert_int_equal(read_text("10000-20000 r-xp 00000000 00:01 5 /a\n"
				   "20000-30000 r--p 00000000 00:01 5 /a\n"
				   "28000-40000 r-xp 00000000 00:01 5 /overlaps\n"
				   "40000-50000 r-xp 00000000 00:01 6 /b\n"
				   "10000-20000 r-xp 00000000 00:01 5 /again\n",
				   &maps),
			 0);
	assert_int_equal(maps.nr_entries, 2);
	assert_string_equal(maps.entries[0].name, "/a");
	assert_string_equal(maps.entries[1].name, "/b");
	maps_done(&maps);
	assert_int_equal(maps.nr_entries, 0);
	/* No live process has an empty list. */
	assert_int_equal(read_text("", &maps), -ESRCH);
	assert_int_equal(read_text("10000-20000 r-xp 00000000 00:01 5 /a\nnonsense\n", &maps),
			 -EINVAL);
	assert_int_equal(maps.nr_entries, 0);
	assert_int_equal(maps_read(-1, &maps), -EBADF);
}

static void test_name(void **state)
{
	(void)state;
	assert_true(maps_name_is("/bin/x", "/bin/x"));
	assert_true(maps_name_is("/bin/x (deleted)", "/bin/x"));
	assert_true(maps_name_is("/bin/x (deleted)", "/bin/x (deleted)"));
	assert_false(maps_name_is("/bin/x", "/bin/x (deleted)"));
	assert_false(maps_name_is("/bin/xy", "/bin/x"));
	assert_false(maps_name_is("/bin", "/bin/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
