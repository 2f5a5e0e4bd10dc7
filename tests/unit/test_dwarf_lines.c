// SPDX-License-Identifier: Apache-2.0
/* Lines and inlined functions of compiled fixtures, compared with addr2line at every byte. */
#include "fixtures/object.h"

static char *read_line(FILE *in, char *buffer, size_t size)
{
	if (!fgets(buffer, (int)size, in))
		return NULL;
	buffer[strcspn(buffer, "\n")] = '\0';
	return buffer;
}

/* "/a/b.c:12 (discriminator 3)" or "??:?". */
static void split_place(char *place, const char **ret_file, long *ret_line)
{
	char *colon;

	place[strcspn(place, " ")] = '\0';
	colon = strrchr(place, ':');
	assert_non_null(colon);
	*colon = '\0';
	*ret_line = strtol(colon + 1, NULL, 10);
	*ret_file = strcmp(place, "??") ? place : "";
}

/* The symbol of a clone has a suffix that DWARF has not. */
static bool same_function(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(symbol, name, length) && (!symbol[length] || symbol[length] == '.');
}

/* One address of addr2line -a: its frames up to the next "0x". Returns how many were compared. */
static uint32_t compare_address(struct subject *subject, uint64_t vaddr, FILE *in, char *line,
				size_t size)
{
	const struct profile_location *location = name_of(subject, vaddr);
	uint32_t nr = 0;

	while (read_line(in, line, size) && strncmp(line, "0x", 2)) {
		const struct profile_function *function;
		const char *file;
		char place[1024];
		long number;

		if (nr >= location->nr_lines)
			fail_msg("%lx: addr2line has one more frame: %s", vaddr, line);
		function = function_of(subject, location, nr);
		assert_non_null(read_line(in, place, sizeof(place)));
		split_place(place, &file, &number);
		if (!same_function(function->system_name, line) || strcmp(function->file, file) ||
		    location->lines[nr].line != number)
			fail_msg("%lx frame %u: %s %s:%ld, addr2line says %s %s:%ld", vaddr, nr,
				 function->system_name, function->file,
				 (long)location->lines[nr].line, line, file, number);
		nr++;
	}
	assert_int_equal(nr, location->nr_lines);
	return nr;
}

/* The address of every byte of every function of @path, one a line, into @list. */
static void list_code(const char *path, const char *list)
{
	char command[COMMAND_SIZE];
	unsigned long address, size;
	FILE *in, *out;

	snprintf(command, sizeof(command),
		 "nm -S --defined-only %s | awk 'NF == 4 && $3 ~ /^[tTwW]$/ { print $1, $2 }'",
		 path);
	in = popen(command, "r");
	out = fopen(list, "w");
	assert_non_null(in);
	assert_non_null(out);
	while (fscanf(in, "%lx %lx", &address, &size) == 2) {
		for (unsigned long i = 0; i < size; i++)
			fprintf(out, "0x%lx\n", address + i);
	}
	fclose(out);
	pclose(in);
}

/* Returns the deepest nesting that was seen. */
static uint32_t compare_file(const char *name)
{
	char command[COMMAND_SIZE], line[1024];
	uint32_t deepest = 0, compared = 0;
	struct subject subject;
	FILE *in;

	subject_open(&subject, name);
	list_code(scratch(name), scratch("addresses"));
	snprintf(command, sizeof(command), "addr2line -a -i -f -e %s < %s", scratch(name),
		 scratch("addresses"));
	in = popen(command, "r");
	assert_non_null(in);
	assert_non_null(read_line(in, line, sizeof(line)));
	while (!feof(in)) {
		uint64_t vaddr = strtoull(line, NULL, 16);
		uint32_t depth = compare_address(&subject, vaddr, in, line, sizeof(line));

		deepest = depth > deepest ? depth : deepest;
		compared++;
	}
	pclose(in);
	assert_true(compared > 20);
	subject_close(&subject);
	return deepest;
}

static void test_c(void **state)
{
	(void)state;
	run("gcc -O2 -g -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("c.so"));
	assert_int_equal(compare_file("c.so"), 3);
}

/*
 * gcc -gdwarf-4 writes range lists of some scopes that read as empty; addr2line then leaves the
 * outer inlined function out at some addresses. Expected is the line table's function everywhere.
 */
static void test_empty_ranges(void **state)
{
	static const char *const chain[] = {"innermost", "middle", "hidden"};
	uint32_t nr_middle = 0, nr_innermost = 0;
	struct subject subject;
	uint64_t start;

	(void)state;
	run("gcc -O2 -gdwarf-4 -gz -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("c4.so"));
	start = address_of(scratch("c4.so"), "", "hidden");
	subject_open(&subject, "c4.so");
	for (uint64_t at = start; at < start + 32; at++) {
		const struct profile_location *location = name_of(&subject, at);

		assert_true(location->nr_lines <= 3);
		for (uint32_t i = 0; i < location->nr_lines; i++)
			assert_string_equal(function_of(&subject, location, i)->name,
					    chain[3 - location->nr_lines + i]);
		nr_innermost += location->nr_lines == 3;
		nr_middle += location->nr_lines == 2 && location->lines[0].line == 15;
	}
	assert_true(nr_innermost > 0);
	assert_true(nr_middle > 0);
	subject_close(&subject);
}

static void test_clang_dwarf4(void **state)
{
	(void)state;
	require("clang");
	run("clang -O2 -gdwarf-4 -gz -fPIC -shared " FIXTURES "inlined.c -o %s",
	    scratch("clang4.so"));
	assert_int_equal(compare_file("clang4.so"), 3);
}

static void test_cplusplus(void **state)
{
	(void)state;
	run("g++ -O2 -g -fPIC -shared " FIXTURES "templates.cpp -o %s", scratch("cpp.so"));
	assert_true(compare_file("cpp.so") >= 2);
}

/* clang writes no .debug_aranges. */
static void test_clang(void **state)
{
	(void)state;
	require("clang");
	run("clang -O2 -gdwarf-5 -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("clang.so"));
	run("! readelf -SW %s | grep -q debug_aranges", scratch("clang.so"));
	assert_int_equal(compare_file("clang.so"), 3);
}

static void test_clang_cplusplus(void **state)
{
	(void)state;
	require("clang++");
	run("clang++ -O2 -gdwarf-5 -fPIC -shared " FIXTURES "templates.cpp -o %s",
	    scratch("clangpp.so"));
	assert_true(compare_file("clangpp.so") >= 2);
}

static void test_rust(void **state)
{
	struct subject subject;
	const char *path;

	(void)state;
	require("rustc");
	run("rustc -O -g --crate-type cdylib -C symbol-mangling-version=v0 " FIXTURES
	    "scopes.rs -o %s",
	    scratch("rust.so"));
	path = scratch("rust.so");
	subject_open(&subject, "rust.so");
	assert_string_equal(outer_name(&subject, address_of(path, "", "fixture_grow")),
			    "fixture_grow");
	run("nm %s | awk '/scopes.*4grow/ { print $3; exit }' > %s", path, scratch("grow"));
	FILE *in = fopen(scratch("grow"), "r");
	char symbol[512];

	assert_non_null(in);
	assert_int_equal(fscanf(in, "%511s", symbol), 1);
	fclose(in);
	assert_string_equal(outer_name(&subject, address_of(path, "", symbol)),
			    "<scopes::Shop<u8> as scopes::Grow>::grow");
	subject_close(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c),
		cmocka_unit_test(test_empty_ranges),
		cmocka_unit_test(test_clang_dwarf4),
		cmocka_unit_test(test_cplusplus),
		cmocka_unit_test(test_clang),
		cmocka_unit_test(test_clang_cplusplus),
		cmocka_unit_test(test_rust),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
