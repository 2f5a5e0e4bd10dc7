// SPDX-License-Identifier: Apache-2.0
/* Whole or not there: every way an output can end, in a fresh directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "util/outfile.h"

static int setup(void **state)
{
	char template[] = "/tmp/heaptap-outfile.XXXXXX";

	*state = NULL;
	return mkdtemp(template) ? chdir(template) : -1;
}

static int nr_entries(void)
{
	DIR *directory = opendir(".");
	int nr = -2; /* . and .. */

	assert_non_null(directory);
	while (readdir(directory))
		nr++;
	closedir(directory);
	return nr;
}

static int teardown(void **state)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *directory;

	(void)state;
	directory = opendir(".");
	while (directory && (entry = readdir(directory)))
		unlink(entry->d_name);
	closedir(directory);
	return getcwd(path, sizeof(path)) && chdir("/") == 0 ? rmdir(path) : -1;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *text)
{
	FILE *file = fopen(path, "r");
	char buffer[64] = "";

	assert_non_null(file);
	(void)!fread(buffer, 1, sizeof(buffer) - 1, file);
	fclose(file);
	assert_string_equal(buffer, text);
}

static struct outfile *open_ok(const char *path)
{
	struct outfile *outfile = NULL;
	struct diag diag;

	assert_int_equal(outfile_open(path, &outfile, &diag), 0);
	assert_non_null(outfile_stream(outfile));
	return outfile;
}

static void write_ok(const char *path, const char *text)
{
	struct outfile *outfile = open_ok(path);
	struct diag diag;

	assert_true(fputs(text, outfile_stream(outfile)) >= 0);
	assert_int_equal(outfile_commit(outfile, &diag), 0);
	outfile_close(outfile);
}

static void test_new(void **state)
{
	mode_t mask = umask(027);
	struct stat st;

	(void)state;
	write_ok("new", "hello");
	umask(mask);
	assert_content("new", "hello");
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(nr_entries(), 1);
}

static void test_not_there_before_commit(void **state)
{
	struct outfile *outfile = open_ok("f");
	struct diag diag;

	(void)state;
	fputs("x", outfile_stream(outfile));
	fflush(outfile_stream(outfile));
	assert_int_equal(access("f", F_OK), -1);
	assert_int_equal(nr_entries(), 1);
	assert_int_equal(outfile_commit(outfile, &diag), 0);
	assert_content("f", "x");
	outfile_close(outfile);
	assert_content("f", "x");
}

static void test_abort_keeps_old(void **state)
{
	struct outfile *outfile;

	(void)state;
	put("f", "old");
	outfile = open_ok("f");
	fputs("new", outfile_stream(outfile));
	outfile_close(outfile);
	assert_content("f", "old");
	assert_int_equal(nr_entries(), 1);
	outfile_close(NULL);
}

static void test_replace(void **state)
{
	(void)state;
	put("f", "a longer old text");
	write_ok("f", "new");
	assert_content("f", "new");
	assert_int_equal(nr_entries(), 1);
}

static void test_link_is_followed(void **state)
{
	struct stat st;

	(void)state;
	put("real", "old");
	assert_int_equal(symlink("real", "link"), 0);
	write_ok("link", "new");
	assert_content("real", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void test_long_name(void **state)
{
	char name[NAME_MAX + 1] = "";

	(void)state;
	memset(name, 'x', NAME_MAX);
	write_ok(name, "long");
	assert_content(name, "long");
}

/* The size limit of a process stands in for a full disk: write() fails midway. */
static void test_short_write(void **state)
{
	struct rlimit old, limit;
	struct outfile *outfile;
	struct diag diag = {""};
	int err;

	(void)state;
	put("f", "old");
	outfile = open_ok("f");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 100000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 100000; i++)
		fputs("0123456789", outfile_stream(outfile));
	err = outfile_commit(outfile, &diag);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, -EFBIG);
	assert_non_null(strstr(diag.text, "cannot write f: File too large"));
	outfile_close(outfile);
	assert_content("f", "old");
	assert_int_equal(nr_entries(), 1);
}

/* An early error is reported although later writes would succeed. */
static void test_devices(void **state)
{
	struct outfile *outfile = open_ok("/dev/full");
	struct diag diag = {""};

	(void)state;
	fputs("x", outfile_stream(outfile));
	assert_int_equal(fflush(outfile_stream(outfile)), EOF);
	assert_int_equal(outfile_commit(outfile, &diag), -ENOSPC);
	assert_string_equal(diag.text, "cannot write /dev/full: No space left on device; free some "
				       "space or write elsewhere");
	outfile_close(outfile);
	write_ok("/dev/null", "x");
	assert_int_equal(access("/dev/full", W_OK), 0);
}

static void test_fifo(void **state)
{
	struct outfile *outfile;
	struct diag diag;
	char buffer[8];
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	outfile = open_ok("fifo");
	fputs("drop", outfile_stream(outfile));
	outfile_close(outfile); /* aborted: what stdio held goes nowhere */
	assert_int_equal(read(fd, buffer, sizeof(buffer)), 0);
	outfile = open_ok("fifo");
	fputs("keep", outfile_stream(outfile));
	assert_int_equal(outfile_commit(outfile, &diag), 0);
	outfile_close(outfile);
	assert_int_equal(read(fd, buffer, sizeof(buffer)), 4);
	close(fd);
	assert_int_equal(stat("fifo", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

/* "-", and a name that leads to where stdout goes already. */
static void test_stdout(void **state)
{
	int saved = dup(STDOUT_FILENO), fd = open("out", O_RDWR | O_CREAT, 0600);
	struct stat before, after;

	(void)state;
	fflush(stdout);
	assert_int_equal(fstat(fd, &before), 0);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	write_ok("-", "one ");
	write_ok("/dev/stdout", "two ");
	write_ok("out", "three");
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_content("out", "one two three");
	assert_int_equal(stat("out", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(nr_entries(), 1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *path;
		int err;
		const char *text;
	} examples[] = {
		{"", -ENOENT, "without name"},
		{".", -EISDIR, "cannot create .: Is a directory; give the name"},
		{"none/f", -ENOENT, "does its directory exist?"},
		{"file/f", -ENOTDIR, "does its directory exist?"},
	};

	(void)state;
	put("file", "");
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		struct outfile *outfile = NULL;
		struct diag diag = {""};

		assert_int_equal(outfile_open(examples[i].path, &outfile, &diag), examples[i].err);
		assert_non_null(strstr(diag.text, examples[i].text));
		assert_null(outfile);
	}
	assert_int_equal(nr_entries(), 1);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_new),
		test(test_not_there_before_commit),
		test(test_abort_keeps_old),
		test(test_replace),
		test(test_link_is_followed),
		test(test_long_name),
		test(test_short_write),
		test(test_devices),
		test(test_fifo),
		test(test_stdout),
		test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
