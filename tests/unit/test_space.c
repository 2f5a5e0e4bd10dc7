// SPDX-License-Identifier: Apache-2.0
/*
 * The mappings of a process over time: files that are mapped, deleted, replaced, unmapped, held by
 * a child that dies. Everything is done by this process and children of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mapped_files.h"
#include "proc/objects.h"
#include "proc/root.h"

static unsigned int count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned int nr = 0;

	assert_non_null(fds);
	while (readdir(fds))
		nr++;
	closedir(fds);
	return nr;
}

static void test_self(void **state)
{
	unsigned int fds = count_fds();
	struct space *space = space_of(getpid());
	const struct mapping *self, *vdso, *other;
	uint32_t nr = space->nr_mappings;
	struct stat st;
	bool changed = true;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	self = mapping_at(space, (const void *)test_self);
	assert_non_null(self);
	assert_int_equal(self->object->ino, st.st_ino);
	assert_int_equal(self->object->dev, st.st_dev);
	assert_false(self->object->deleted);
	assert_string_equal(self->name, self->object->path);
	check_content(self->object, "\x7f"
				    "ELF");
	assert_int_equal(self->object->root, ROOT_OURS);
	assert_ptr_equal(self->object->path_in_root, self->object->path);

	vdso = mapping_at(space, (const void *)getauxval(AT_SYSINFO_EHDR));
	assert_non_null(vdso);
	assert_true(vdso->object->vdso);
	assert_string_equal(vdso->object->path, "[vdso]");
	check_content(vdso->object, "\x7f"
				    "ELF");

	other = mapping_at(space, (const void *)0xffffffffff600000);
	if (other) {
		assert_null(other->object);
		assert_string_equal(other->name, "[vsyscall]");
	}
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_false(changed);
	assert_int_equal(space->nr_mappings, nr);
	for (uint32_t i = 0; i < nr; i++)
		assert_int_equal(space_find(space, space->mappings[i].end - 1), i);
	assert_int_equal(space_find(space, 0), SPACE_NONE);
	assert_int_equal(space_find(space, UINT64_MAX), SPACE_NONE);
	space_free(space);
	assert_int_equal(count_fds(), fds);
	space_free(NULL);
	object_put(NULL);
}

/* The same file in two places and under two names is one object. */
static void test_shared_object(void **state)
{
	const char *path = in_directory("shared"), *link_path = in_directory("link");
	struct objects *objects = objects_new();
	struct space *space, *second;
	struct object *object;
	char *a, *b, *c;

	(void)state;
	write_file(path, "content");
	assert_int_equal(link(path, link_path), 0);
	a = map_file(path, 0);
	space = space_new(getpid(), objects);
	assert_int_equal(space_refresh(space, NULL), 0);
	object = mapping_at(space, a)->object;
	b = map_file(path, PAGE);
	c = map_file(link_path, 0);
	assert_int_equal(space_refresh(space, NULL), 0);
	assert_ptr_equal(mapping_at(space, b)->object, object);
	assert_ptr_equal(mapping_at(space, c)->object, object);
	assert_int_equal(mapping_at(space, b)->offset, PAGE);
	assert_string_equal(mapping_at(space, c)->name, link_path);

	second = space_new(getpid(), objects);
	assert_int_equal(space_refresh(second, NULL), 0);
	assert_ptr_equal(mapping_at(second, a)->object, object);
	space_free(space);
	check_content(object, "content");
	object_get(object);
	space_free(second);
	objects_free(objects);
	check_content(object, "content");
	object_put(object);
	munmap(a, PAGE);
	munmap(b, PAGE);
	munmap(c, PAGE);
}

static void test_retired(void **state)
{
	const char *path = in_directory("retired");
	struct space *space;
	bool changed;
	uint32_t at;
	char *a;

	(void)state;
	write_file(path, "content");
	a = map_file(path, 0);
	space = space_of(getpid());
	at = space_find(space, (uintptr_t)a);
	assert_true(space->mappings[at].live);
	munmap(a, PAGE);
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_true(changed);
	assert_false(space->mappings[at].live);
	assert_int_equal(space_find(space, (uintptr_t)a), SPACE_NONE);
	check_content(space->mappings[at].object, "content");

	/* Another file at the same address is another mapping. */
	write_file(in_directory("other"), "other");
	assert_ptr_equal(mmap(a, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			      open(in_directory("other"), O_RDONLY | O_CLOEXEC), 0),
			 a);
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_true(changed);
	assert_int_not_equal(space_find(space, (uintptr_t)a), at);
	check_content(mapping_at(space, a)->object, "other");
	check_content(space->mappings[at].object, "content");
	munmap(a, PAGE);

	space_retire(space);
	assert_int_equal(space_find(space, (uintptr_t)test_retired), SPACE_NONE);
	for (uint32_t i = 0; i < space->nr_mappings; i++)
		assert_false(space->mappings[i].live);
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_true(changed);
	assert_non_null(mapping_at(space, (const void *)test_retired));
	space_free(space);
}

static void test_deleted_and_replaced(void **state)
{
	const char *gone = in_directory("gone"), *replaced = in_directory("replaced");
	struct space *before, *after;
	char *a, *b;

	(void)state;
	write_file(gone, "gone");
	write_file(replaced, "old");
	a = map_file(gone, 0);
	b = map_file(replaced, 0);
	before = space_of(getpid());
	assert_int_equal(unlink(gone), 0);
	write_file(in_directory("new"), "new");
	assert_int_equal(rename(in_directory("new"), replaced), 0);

	assert_false(mapping_at(before, a)->object->deleted);
	assert_int_equal(space_refresh(before, NULL), 0);
	assert_true(mapping_at(before, a)->object->deleted);
	assert_true(mapping_at(before, b)->object->deleted);
	check_content(mapping_at(before, b)->object, "old");
	space_free(before);

	/* Opened only now: map_files leads to what is mapped, the path would not. */
	after = space_of(getpid());
	if (mapping_at(after, a)->object->error == 0) {
		check_content(mapping_at(after, a)->object, "gone");
		check_content(mapping_at(after, b)->object, "old");
	} else {
		assert_int_not_equal(geteuid(), 0);
	}
	assert_true(mapping_at(after, a)->object->deleted);
	assert_string_equal(mapping_at(after, a)->object->path, gone);
	assert_string_equal(mapping_at(after, b)->object->path, replaced);
	space_free(after);
	munmap(a, PAGE);
	munmap(b, PAGE);
}

#define NR_MANY 2000

static void test_two_thousand(void **state)
{
	const char *path = in_directory("many");
	unsigned int fds;
	struct space *space;
	bool changed = true;
	char *area;
	int fd;

	(void)state;
	write_file(path, "content");
	area = mmap(NULL, 2UL * NR_MANY * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(area, MAP_FAILED);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (unsigned long i = 0; i < NR_MANY; i++)
		assert_ptr_not_equal(mmap(area + 2 * i * PAGE, PAGE, PROT_READ | PROT_EXEC,
					  MAP_PRIVATE | MAP_FIXED, fd, 0),
				     MAP_FAILED);
	close(fd);
	fds = count_fds();
	space = space_of(getpid());
	assert_true(count_fds() < fds + 64);
	for (unsigned long i = 0; i < NR_MANY; i++) {
		const struct mapping *mapping = mapping_at(space, area + 2 * i * PAGE + 1);

		assert_non_null(mapping);
		assert_int_equal(mapping->start, (uintptr_t)(area + 2 * i * PAGE));
		assert_null(mapping_at(space, area + (2 * i + 1) * PAGE));
	}
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_false(changed);
	munmap(area, 2UL * NR_MANY * PAGE);
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_true(changed);
	assert_null(mapping_at(space, area));
	assert_true(space->nr_mappings > NR_MANY);
	space_free(space);
}

static void test_process_gone(void **state)
{
	const char *path = in_directory("held");
	struct space *space, *late;
	siginfo_t info;
	uint32_t at;
	pid_t pid;
	char *a;

	(void)state;
	write_file(path, "held");
	a = map_file(path, 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	space = space_of(pid);
	late = space_new(pid, NULL);
	at = space_find(space, (uintptr_t)a);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(space_refresh(space, NULL), -ESRCH); /* a zombie */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(space_refresh(space, NULL), -ESRCH);
	assert_int_equal(space_refresh(late, NULL), -ESRCH);
	assert_int_equal(late->nr_mappings, 0);
	assert_int_equal(space_find(space, (uintptr_t)a), at);
	check_content(space->mappings[at].object, "held");
	space_free(space);
	space_free(late);
	munmap(a, PAGE);
}

static void test_exec(void **state)
{
	struct space *space;
	bool changed = false;
	int ready[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	space = space_of(pid);
	assert_non_null(mapping_at(space, (const void *)test_exec));
	kill(pid, SIGCONT);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* closed by the exec */
	close(ready[0]);
	assert_int_equal(space_refresh(space, &changed), 0);
	assert_true(changed);
	assert_null(mapping_at(space, (const void *)test_exec));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),	     cmocka_unit_test(test_shared_object),
		cmocka_unit_test(test_retired),	     cmocka_unit_test(test_deleted_and_replaced),
		cmocka_unit_test(test_two_thousand), cmocka_unit_test(test_process_gone),
		cmocka_unit_test(test_exec),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
