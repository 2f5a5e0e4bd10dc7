// SPDX-License-Identifier: Apache-2.0
/* Where separate debug files are found, and what is not taken for one. */
#include <dlfcn.h>

#include "fixtures/object.h"

/* split.so without symbols, split.debug with them. */
static void make_split(const char *flags)
{
	run("cd %s && rm -rf split* root debug .debug", fixture_directory);
	run("gcc -O2 -g -fPIC -shared %s " FIXTURES "inlined.c -o %s", flags, scratch("split.so"));
	run("cd %s && objcopy --only-keep-debug split.so split.debug && strip split.so",
	    fixture_directory);
}

/* Moves split.debug to where its build id says, below @directory. */
static void file_by_id(const char *directory)
{
	run("cd %s && id=$(readelf -nW split.so | sed -n 's/.*Build ID: //p') && "
	    "rest=${id#??} && mkdir -p %s/.build-id/${id%%$rest} && "
	    "mv split.debug %s/.build-id/${id%%$rest}/$rest.debug",
	    fixture_directory, directory, directory);
}

/* The frame of hidden() in split.so, with its line when the debug file was found. */
static void assert_split(uint64_t vaddr, const char *root, const char *debug_path, bool found)
{
	const struct profile_location *location;
	struct subject subject;

	subject_open_at(&subject, scratch("split.so"), root, debug_path, true);
	location = name_of(&subject, vaddr);
	assert_string_equal(function_of(&subject, location, location->nr_lines - 1)->name,
			    found ? "hidden" : "[split.so]");
	assert_true(!found || location->lines[0].line > 0);
	subject_close(&subject);
}

static void test_build_id_file(void **state)
{
	char list[512];
	uint64_t vaddr;

	(void)state;
	make_split("-Wl,--build-id");
	vaddr = hidden_in("split.debug");
	file_by_id("debug");
	snprintf(list, sizeof(list), "/nowhere::%s", scratch("debug"));
	assert_split(vaddr, NULL, list, true);
	assert_split(vaddr, "/no/such/root", list, true);
	assert_split(vaddr, NULL, "/nowhere", false);
	run("cd %s && f=$(find debug -name '*.debug') && cp %s $f", fixture_directory,
	    "/proc/self/exe");
	assert_split(vaddr, NULL, list, false);
}

/* A container has its own /usr/lib/debug, and its links lead nowhere but into it. */
static void test_file_below_root(void **state)
{
	uint64_t vaddr;

	(void)state;
	make_split("-Wl,--build-id");
	vaddr = hidden_in("split.debug");
	file_by_id("root/usr/lib/debug");
	assert_split(vaddr, scratch("root"), "/usr/lib/debug", true);
	run("cd %s/root && mkdir real && mv usr/lib/debug real/ && ln -s /real/debug "
	    "usr/lib/debug",
	    fixture_directory);
	assert_split(vaddr, scratch("root"), "/usr/lib/debug", true);
}

static void test_debug_link(void **state)
{
	uint64_t vaddr;

	(void)state;
	make_split("-Wl,--build-id=none");
	vaddr = hidden_in("split.debug");
	run("cd %s && objcopy --add-gnu-debuglink=split.debug split.so && mkdir -p .debug "
	    "debug/$PWD && cp split.debug .debug/ && cp split.debug debug/$PWD/",
	    fixture_directory);
	assert_split(vaddr, NULL, "/nowhere", true);
	run("cd %s && rm split.debug", fixture_directory);
	assert_split(vaddr, NULL, "/nowhere", true);
	run("cd %s && rm .debug/split.debug", fixture_directory);
	assert_split(vaddr, NULL, scratch("debug"), true);
	run("cd %s && printf x >> debug/$PWD/split.debug", fixture_directory);
	assert_split(vaddr, NULL, scratch("debug"), false);
}

/* What a container's file names is a file of the container, never one of ours. */
static void test_link_out_of_root(void **state)
{
	uint64_t vaddr;

	(void)state;
	make_split("-Wl,--build-id=none");
	vaddr = hidden_in("split.debug");
	run("cd %s && objcopy --add-gnu-debuglink=split.debug split.so && mkdir -p root/$PWD "
	    "debug/$PWD && cp split.debug debug/$PWD/",
	    fixture_directory);
	assert_split(vaddr, scratch("root"), scratch("debug"), false);
	run("cd %s && ln -s /../../../../../$PWD/split.debug root/$PWD/split.debug",
	    fixture_directory);
	assert_split(vaddr, scratch("root"), "/nowhere", false);
	run("cd %s && rm root/$PWD/split.debug && cp split.debug root/$PWD/", fixture_directory);
	assert_split(vaddr, scratch("root"), "/nowhere", true);
}

/* Opening a named pipe would wait for ever. */
static void test_pipe_as_debug_file(void **state)
{
	uint64_t vaddr;

	(void)state;
	make_split("-Wl,--build-id=none");
	vaddr = hidden_in("split.debug");
	run("cd %s && objcopy --add-gnu-debuglink=split.debug split.so && rm split.debug && "
	    "mkfifo split.debug",
	    fixture_directory);
	alarm(10);
	assert_split(vaddr, NULL, "/nowhere", false);
	alarm(0);
}

/* prelink(8) moves the object and leaves its debug file where it was. */
static void test_moved_object(void **state)
{
	uint64_t vaddr;

	(void)state;
	make_split("-Wl,--build-id=0x0123456789abcdef");
	vaddr = hidden_in("split.debug");
	file_by_id("debug");
	run("gcc -O2 -g -fPIC -shared -Wl,--build-id=0x0123456789abcdef "
	    "-Wl,-Ttext-segment=0x30000000 " FIXTURES "inlined.c -o %s",
	    scratch("moved.so"));
	assert_int_equal(hidden_in("moved.so"), vaddr + 0x30000000);
	run("cd %s && strip -o split.so moved.so", fixture_directory);
	assert_split(vaddr + 0x30000000, NULL, scratch("debug"), true);
}

static void test_embedded_symbols(void **state)
{
	struct subject subject;
	uint64_t vaddr;

	(void)state;
	require("xz");
	make_split("");
	vaddr = hidden_in("split.debug");
	run("cd %s && strip -g -o mini split.debug && xz mini && "
	    "objcopy --add-section .gnu_debugdata=mini.xz split.so",
	    fixture_directory);
	subject_open(&subject, "split.so");
	assert_string_equal(outer_name(&subject, vaddr), "hidden");
	subject_close(&subject);
}

/* dwz(1) moves what several files share into one: without it the rest cannot be read. */
static void test_common_file(void **state)
{
	const struct profile_location *location;
	struct subject subject;
	uint64_t vaddr;

	(void)state;
	run("gcc -O2 -g -fPIC -shared -Wl,--build-id=0xfeedfacefeedface " FIXTURES
	    "inlined.c -o %s",
	    scratch("common.debug"));
	run("gcc -O2 -g -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("dwz.so"));
	run("cd %s && printf '%%s\\0\\376\\355\\372\\316\\376\\355\\372\\316' "
	    "$PWD/common.debug > alt && objcopy --add-section .gnu_debugaltlink=alt dwz.so",
	    fixture_directory);
	vaddr = hidden_in("dwz.so");
	run("mkdir -p %s", scratch("root"));
	for (int round = 0; round < 3; round++) {
		subject_open_at(&subject, scratch("dwz.so"), round == 1 ? scratch("root") : NULL,
				"/nowhere", true);
		location = name_of(&subject, vaddr);
		assert_string_equal(function_of(&subject, location, location->nr_lines - 1)->name,
				    "hidden");
		assert_int_equal(location->lines[0].line > 0, round == 0); /* and in no container */
		subject_close(&subject);
		if (round)
			unlink(scratch("common.debug"));
	}
}

static void test_libc_debug_file(void **state)
{
	const struct profile_location *location;
	const struct profile_function *function;
	struct subject subject;
	Dl_info info;

	(void)state;
	assert_true(dladdr(dlsym(RTLD_NEXT, "getauxval"), &info));
	subject_open_at(&subject, info.dli_fname, NULL, NULL, true);
	location = name_of(&subject, address_of(info.dli_fname, "-D", "malloc@@GLIBC_2.2.5") + 4);
	function = function_of(&subject, location, location->nr_lines - 1);
	assert_string_equal(function->name, "malloc");
	if (!location->lines[0].line) {
		print_message("skipped: no debug file of libc (libc6-dbg)\n");
		subject_close(&subject);
		skip();
	}
	assert_non_null(strstr(function->file, "malloc/malloc.c"));
	assert_true(function->start_line > 0);
	subject_close(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id_file),	   cmocka_unit_test(test_file_below_root),
		cmocka_unit_test(test_debug_link),	   cmocka_unit_test(test_link_out_of_root),
		cmocka_unit_test(test_pipe_as_debug_file), cmocka_unit_test(test_moved_object),
		cmocka_unit_test(test_embedded_symbols),   cmocka_unit_test(test_common_file),
		cmocka_unit_test(test_libc_debug_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
