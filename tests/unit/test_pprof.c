// SPDX-License-Identifier: Apache-2.0
/* The file: what is written is read back the same, and says what the format wants it to say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "pprof_profile.h"

static void test_round_trip(void **state)
{
	struct profile *profile = make_profile(), *again;
	struct bytes first = write_bytes(profile), second, plain = expand(first);
	const struct profile_sample *sample;

	(void)state;
	again = parse_ok(first);
	second = write_bytes(again);
	assert_same_bytes(first, second);
	assert_int_equal(again->nr_samples, 3);
	assert_int_equal(again->nr_locations, 3);
	assert_int_equal(again->nr_functions, 3);
	assert_int_equal(again->time_ns, profile->time_ns);
	assert_int_equal(again->duration_ns, profile->duration_ns);
	assert_int_equal(again->period, 524288);
	assert_string_equal(profile_note(again, "rate"), "524288");
	assert_string_equal(profile_note(again, "target"), "a=b");
	assert_string_equal(again->notes[1].key, "");
	assert_string_equal(again->notes[1].value, "heaptap:=foreign, 100%");
	assert_true(again->mappings[1].start == 1ULL << 63);
	assert_true(again->mappings[1].limit == UINT64_MAX);
	sample = &again->samples[0];
	assert_memory_equal(sample->values, profile->samples[0].values, sizeof(sample->values));
	assert_string_equal(sample->labels[0].string, "victim");
	assert_null(sample->labels[1].string);
	assert_int_equal(sample->labels[1].number, 1234);
	assert_int_equal(sample->labels[2].number, -5);
	assert_string_equal(sample->labels[2].unit, "bytes");
	assert_int_equal(again->locations[sample->locations[1]].nr_lines, 2);
	assert_int_equal(again->locations[sample->locations[1]].lines[0].line, 41);
	assert_int_equal(again->locations[sample->locations[2]].mapping, PROFILE_NONE);
	profile_free(again);

	again = parse_ok(plain); /* not compressed is as good */
	free(second.data);
	second = write_bytes(again);
	assert_same_bytes(first, second);
	profile_free(again);
	profile_free(profile);
	free(first.data);
	free(second.data);
	free(plain.data);
}

static void test_what_the_file_says(void **state)
{
	static const char *const types[] = {"alloc_objects", "count", "alloc_space", "bytes",
					    "inuse_objects", "count", "inuse_space", "bytes"};
	struct profile *profile = make_profile();
	struct bytes bytes = write_bytes(profile);
	Perftools__Profiles__Profile *message = unpack(bytes);
	char **strings = message->string_table;

	(void)state;
	assert_string_equal(strings[0], "");
	assert_int_equal(message->n_sample_type, 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(strings[message->sample_type[i]->type], types[2 * i]);
		assert_string_equal(strings[message->sample_type[i]->unit], types[2 * i + 1]);
	}
	assert_string_equal(strings[message->period_type->type], "space");
	assert_string_equal(strings[message->period_type->unit], "bytes");
	assert_string_equal(strings[message->comment[0]], "heaptap:rate=524288");
	assert_string_equal(strings[message->comment[1]], "heaptap:=foreign, 100%");
	/* the program has names, files, lines, an inlined function; the library only "[libc.so.6]"
	 */
	assert_true(message->mapping[0]->has_functions);
	assert_true(message->mapping[0]->has_filenames);
	assert_true(message->mapping[0]->has_line_numbers);
	assert_true(message->mapping[0]->has_inline_frames);
	assert_false(message->mapping[1]->has_functions);
	assert_false(message->mapping[1]->has_filenames);
	assert_false(message->mapping[1]->has_line_numbers);
	assert_false(message->mapping[1]->has_inline_frames);
	perftools__profiles__profile__free_unpacked(message, NULL);
	profile_free(profile);
	free(bytes.data);
}

static void test_empty(void **state)
{
	struct profile *profile = profile_new(), *again;
	struct bytes bytes = write_bytes(profile);

	(void)state;
	again = parse_ok(bytes);
	assert_int_equal(again->nr_samples, 0);
	for (int i = 0; i < NR_HEAP_METRICS; i++)
		assert_true(again->has_metric[i]);
	memset(profile->has_metric, 0, sizeof(profile->has_metric));
	assert_int_equal(pprof_write(profile, stdout), -EINVAL);
	profile_free(again);
	profile_free(profile);
	free(bytes.data);
}

static void test_some_metrics(void **state)
{
	struct profile *profile = make_profile(), *again;
	struct bytes first, second;

	(void)state;
	profile->has_metric[METRIC_INUSE_OBJECTS] = profile->has_metric[METRIC_INUSE_SPACE] = false;
	first = write_bytes(profile);
	again = parse_ok(first);
	assert_true(again->has_metric[METRIC_ALLOC_SPACE]);
	assert_false(again->has_metric[METRIC_INUSE_SPACE]);
	assert_int_equal(again->samples[0].values[METRIC_ALLOC_SPACE], 10240);
	assert_int_equal(again->samples[0].values[METRIC_INUSE_SPACE], 0);
	second = write_bytes(again);
	assert_same_bytes(first, second);
	profile_free(again);
	profile_free(profile);
	free(first.data);
	free(second.data);
}

/* Through a descriptor, which may be empty, a directory, or cut off anywhere. */
static void test_read(void **state)
{
	struct profile *profile = make_profile(), *again = NULL;
	struct bytes bytes = write_bytes(profile);
	int fd = memfd_create("profile", 0), pipe_fds[2];
	struct diag diag = {""};

	(void)state;
	assert_int_equal(pprof_read(fd, &again, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "empty"));
	assert_int_equal(pwrite(fd, bytes.data, bytes.size, 0), bytes.size);
	assert_int_equal(pprof_read(fd, &again, &diag), 0);
	assert_int_equal(again->nr_samples, 3);
	profile_free(again);
	close(fd);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(write(pipe_fds[1], bytes.data, bytes.size), bytes.size);
	close(pipe_fds[1]);
	assert_int_equal(pprof_read(pipe_fds[0], &again, &diag), 0);
	profile_free(again);
	close(pipe_fds[0]);
	assert_int_equal(pprof_read(-1, &again, &diag), -EBADF);
	assert_string_equal(diag.text, "cannot read it: Bad file descriptor");
	profile_free(profile);
	free(bytes.data);
}

/* A string label that is the empty string cannot be told from a number label of 0 in the file: read
 * as two things, samples were merged only when the file was read again. */
static void test_empty_string_label(void **state)
{
	int fd = open("tests/fuzz/corpus/pprof/empty-string-label", O_RDONLY | O_CLOEXEC);
	struct bytes first, second;
	struct profile *profile, *again;
	struct diag diag = {""};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pprof_read(fd, &profile, &diag), 0);
	close(fd);
	first = write_bytes(profile);
	again = parse_ok(first);
	second = write_bytes(again);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	profile_free(profile);
	profile_free(again);
	free(first.data);
	free(second.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_what_the_file_says),
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_some_metrics),
		cmocka_unit_test(test_read),	   cmocka_unit_test(test_empty_string_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
