// SPDX-License-Identifier: Apache-2.0
/* Names by address: load bases, labels, stripped files, files that change or lie, profiles. */
#include <dlfcn.h>
#include <sys/auxv.h>

#include "fixtures/object.h"

static void test_bases(void **state)
{
	static const char *const flags[] = {
		"-no-pie",
		"-pie",
		"-shared -Wl,-Ttext-segment=0x40000000",
		"-shared -Wl,-z,noseparate-code",
		"-static",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct subject subject;

		run("gcc -O2 -g -fPIC %s " FIXTURES "inlined.c " FIXTURES "program.c -o %s",
		    flags[i], scratch("based"));
		subject_open(&subject, "based");
		assert_string_equal(outer_name(&subject,
					       address_of(scratch("based"), "", "exported") + 1),
				    "exported");
		subject_close(&subject);
		unlink(scratch("based"));
	}
}

static void test_labels(void **state)
{
	struct subject subject;
	uint64_t take, sized, last;

	(void)state;
	run("gcc -shared -nostdlib " FIXTURES "labels.s -o %s", scratch("labels.so"));
	subject_open(&subject, "labels.so");
	take = address_of(scratch("labels.so"), "", "take");
	sized = address_of(scratch("labels.so"), "", "sized");
	last = address_of(scratch("labels.so"), "", "after_section_start");

	assert_string_equal(outer_name(&subject, take), "take");
	assert_string_equal(outer_name(&subject, take + 3), "take");
	assert_string_equal(outer_name(&subject, take + 4), "[labels.so]");
	assert_string_equal(outer_name(&subject, take + 63), "[labels.so]");
	assert_string_equal(outer_name(&subject, take + 64), "untyped");
	assert_string_equal(outer_name(&subject, sized - 1), "untyped");
	assert_string_equal(outer_name(&subject, sized + 1), "sized");
	assert_string_equal(outer_name(&subject, sized + 2), "[labels.so]");
	assert_string_equal(outer_name(&subject, last), "after_section_start");
	assert_string_equal(outer_name(&subject, last - 1), "[labels.so]");
	subject_close(&subject);
}

static void test_stripped(void **state)
{
	uint64_t hidden, exported, stub;
	struct subject subject;

	(void)state;
	run("gcc -O2 -g -fPIC -shared -Wl,-z,lazy " FIXTURES "inlined.c -o %s", scratch("full.so"));
	hidden = address_of(scratch("full.so"), "", "hidden");
	exported = address_of(scratch("full.so"), "", "exported");
	run("strip -o %s %s", scratch("stripped.so"), scratch("full.so"));
	run("objdump -d -j .plt %s | awk '/<malloc@plt>:/ { print $1 }' > %s", scratch("full.so"),
	    scratch("stub"));
	FILE *in = fopen(scratch("stub"), "r");

	assert_non_null(in);
	assert_int_equal(fscanf(in, "%lx", &stub), 1);
	fclose(in);

	subject_open(&subject, "stripped.so");
	assert_string_equal(outer_name(&subject, exported + 2), "exported");
	assert_string_equal(outer_name(&subject, hidden + 2), "[stripped.so]");
	assert_string_equal(outer_name(&subject, stub + 6), "malloc@plt");
	subject_close(&subject);
}

static void test_deleted(void **state)
{
	struct subject subject;
	uint64_t vaddr;

	(void)state;
	run("gcc -O2 -g -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("gone.so"));
	vaddr = hidden_in("gone.so");
	subject_open(&subject, "gone.so");
	run("rm %s && cp /bin/true %s", scratch("gone.so"), scratch("gone.so"));
	assert_string_equal(outer_name(&subject, vaddr), "hidden");
	subject_close(&subject);
}

static void test_truncated(void **state)
{
	struct subject subject;
	uint64_t vaddr;

	(void)state;
	run("gcc -O2 -g -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("cut.so"));
	vaddr = hidden_in("cut.so");
	subject_open(&subject, "cut.so");
	assert_string_equal(outer_name(&subject, vaddr), "hidden");
	assert_int_equal(truncate(scratch("cut.so"), 4096), 0);
	assert_string_equal(outer_name(&subject, vaddr), "hidden");
	assert_string_equal(outer_name(&subject, vaddr + 1), "[cut.so]");
	subject_close(&subject);

	subject_open(&subject, "cut.so");
	assert_string_equal(function_of(&subject, name_at(&subject, 0x1000), 0)->name, "[cut.so]");
	subject_close(&subject);
}

/* Bytes of the file are changed at random, code and headers of segments excepted. */
static void test_corrupted(void **state)
{
	uint64_t hidden, exported;
	uint32_t random = 42;
	struct stat st;
	char *image;
	int fd;

	(void)state;
	run("gcc -O2 -g -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("good.so"));
	hidden = hidden_in("good.so");
	exported = address_of(scratch("good.so"), "", "exported");
	fd = open(scratch("good.so"), O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	image = malloc(st.st_size);
	assert_int_equal(read(fd, image, st.st_size), st.st_size);
	close(fd);
	for (int round = 0; round < 300; round++) {
		struct subject subject;

		fd = open(scratch("bad.so"), O_CREAT | O_TRUNC | O_RDWR, 0600);
		assert_int_equal(write(fd, image, st.st_size), st.st_size);
		for (int i = 0; i <= round % 40; i++) {
			unsigned char byte;
			off_t at;

			random = random * 1664525 + 1013904223;
			byte = random >> 24;
			random = random * 1664525 + 1013904223;
			at = 0x2000 + (random >> 4) % (st.st_size - 0x2000);
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		close(fd);
		subject_open(&subject, "bad.so");
		for (uint64_t at = hidden; at <= exported + 16; at++)
			assert_true(*outer_name(&subject, at));
		subject_close(&subject);
	}
	free(image);
}

/* Two profiles of one symbolizer, and frames without an object. */
static void test_profiles(void **state)
{
	struct mapping mappings[] = {
		{.start = 0x1000, .end = 0x2000, .name = (char *)"", .live = true},
		{.start = 0x3000, .end = 0x4000, .name = (char *)"[vsyscall]", .live = true},
	};
	struct space space = {.pid = 1, .nr_mappings = 2, .mappings = mappings};
	const struct frame frames[] = {{0x1234, 0}, {0x3234, 1}, {0x9, SPACE_NONE}};
	const char *const names[] = {"[anon]", "[vsyscall]", "[unknown]"};
	struct symbolizer_stats stats;
	struct profile *first;
	struct subject subject;
	uint64_t vaddr;
	uint32_t label;

	(void)state;
	run("gcc -O2 -g -fPIC -shared " FIXTURES "inlined.c -o %s", scratch("two.so"));
	vaddr = hidden_in("two.so");
	subject_open(&subject, "two.so");
	assert_string_equal(outer_name(&subject, vaddr), "hidden");
	first = subject.profile;
	subject.profile = profile_new();
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t at;

		assert_int_equal(symbolize_frame(subject.symbolizer, subject.profile, &space,
						 &frames[i], &at),
				 0);
		assert_string_equal(function_of(&subject, &subject.profile->locations[at], 0)->name,
				    names[i]);
		assert_int_equal(subject.profile->locations[at].address, frames[i].address);
	}
	assert_string_equal(outer_name(&subject, vaddr), "hidden");
	assert_int_equal(subject.profile->nr_mappings, 3);
	assert_int_equal(strlen(subject.profile->mappings[2].build_id), 40);
	assert_int_equal(first->nr_locations, 1);
	assert_int_equal(symbolize_label(subject.profile, "[truncated]", &label), 0);
	assert_string_equal(function_of(&subject, &subject.profile->locations[label], 0)->name,
			    "[truncated]");
	assert_int_equal(subject.profile->locations[label].mapping, PROFILE_NONE);

	symbolizer_stats(subject.symbolizer, &stats);
	assert_int_equal(stats.objects, 1);
	assert_int_equal(stats.without_symbols, 0);
	assert_int_equal(stats.with_lines, 1);
	assert_int_equal(stats.frames, 5);
	assert_int_equal(stats.unnamed, 3);
	profile_free(first);
	subject_close(&subject);
}

/* The vDSO's own address of @symbol, from a copy of its two pages. */
static uint64_t address_in_vdso(const char *symbol)
{
	const char *bytes = (const char *)getauxval(AT_SYSINFO_EHDR);
	FILE *out = fopen(scratch("vdso"), "w");

	assert_non_null(bytes);
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 4096, 2, out), 2);
	fclose(out);
	return address_of(scratch("vdso"), "-D", symbol);
}

/* This very process: a function of ours, one of libc, the vDSO. */
static void test_self(void **state)
{
	const struct symbolizer_options options = {.lines = true};
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct profile *profile = profile_new();
	struct space *space = space_new(getpid(), NULL);
	const uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	const struct {
		uintptr_t address;
		const char *name;
	} known[] = {
		{(uintptr_t)test_self + 1, "test_self"},
		{(uintptr_t)dlsym(RTLD_NEXT, "qsort") + 1, "qsort"},
		{vdso + address_in_vdso("__vdso_gettimeofday@@LINUX_2.6") + 1, "gettimeofday"},
	};

	(void)state;
	assert_int_equal(space_refresh(space, NULL), 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct frame frame = {known[i].address, space_find(space, known[i].address)};
		const struct profile_location *location;
		uint32_t at;

		assert_int_not_equal(frame.mapping, SPACE_NONE);
		assert_int_equal(symbolize_frame(symbolizer, profile, space, &frame, &at), 0);
		location = &profile->locations[at];
		assert_string_equal(
			profile->functions[location->lines[location->nr_lines - 1].function].name,
			known[i].name);
	}
	space_free(space);
	symbolizer_free(symbolizer);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases),	  cmocka_unit_test(test_labels),
		cmocka_unit_test(test_stripped),  cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_corrupted),
		cmocka_unit_test(test_profiles),  cmocka_unit_test(test_self),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
