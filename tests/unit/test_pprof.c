// SPDX-License-Identifier: Apache-2.0
/* The file: what is written is read back the same, and broken or foreign files get their message.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "pprof.pb-c.h"
#include "profile/gzip.h"
#include "profile/pprof_read.h"
#include "profile/pprof_write.h"

struct bytes {
	char *data;
	size_t size;
};

static uint32_t add_function(struct profile *profile, const char *name, const char *file)
{
	const struct profile_function function = {name, name, file, 4};
	uint32_t index;

	assert_int_equal(profile_add_function(profile, &function, &index), 0);
	return index;
}

static uint32_t add_location(struct profile *profile, uint32_t mapping, uint64_t address,
			     uint32_t nr_lines, struct profile_line *lines)
{
	const struct profile_location location = {mapping, address, nr_lines, lines};
	uint32_t index;

	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

static void add_samples(struct profile *profile, uint32_t program, uint32_t library)
{
	uint32_t leafy = add_function(profile, "leafy", "a.c"),
		 inlined = add_function(profile, "inl", "a.h"),
		 unknown = add_function(profile, "[libc.so.6]", "");
	struct profile_line two[] = {{inlined, 41}, {leafy, 6}}, one[] = {{unknown, 0}};
	uint32_t stack[] = {
		add_location(profile, library, 0x7f0000001000, 1, one),
		add_location(profile, program, 0x401171, 2, two),
		add_location(profile, PROFILE_NONE, 0xdead, 0, NULL),
	};
	struct profile_label labels[] = {{"comm", "victim", 0, NULL},
					 {"pid", NULL, 1234, NULL},
					 {"bytes", NULL, -5, "bytes"}};
	struct profile_sample sample = {.values = {10, 10240, 5, 5120},
					.nr_locations = 3,
					.locations = stack,
					.nr_labels = 3,
					.labels = labels};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
	sample = (struct profile_sample){
		.values = {1, INT64_MAX, INT64_MIN, -1}, .nr_locations = 2, .locations = stack + 1};
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	sample = (struct profile_sample){.values = {7, 7, 0, 0}};
	assert_int_equal(profile_add_sample(profile, &sample), 0);
}

static struct profile *make_profile(void)
{
	const struct profile_mapping mappings[] = {{0x400000, 0x500000, 0x1000, "/opt/x", "ea5f"},
						   {1ULL << 63, UINT64_MAX, 0, "/lib/y", ""}};
	struct profile *profile = profile_new();
	uint32_t program, library;

	assert_non_null(profile);
	assert_int_equal(profile_add_mapping(profile, &mappings[0], &program), 0);
	assert_int_equal(profile_add_mapping(profile, &mappings[1], &library), 0);
	add_samples(profile, program, library);
	assert_int_equal(profile_set_note(profile, "rate", "%d", 524288), 0);
	assert_int_equal(profile_set_note(profile, "", "heaptap:=%s", "foreign, 100%"), 0);
	assert_int_equal(profile_set_note(profile, "target", "a=b"), 0);
	profile->time_ns = 1763633400000000000;
	profile->duration_ns = 30000000000;
	profile->period = 524288;
	return profile;
}

static struct bytes write_bytes(const struct profile *profile)
{
	struct bytes bytes;
	FILE *stream = open_memstream(&bytes.data, &bytes.size);

	assert_non_null(stream);
	assert_int_equal(pprof_write(profile, stream), 0);
	assert_int_equal(fclose(stream), 0);
	return bytes;
}

static struct bytes expand(struct bytes packed)
{
	struct bytes plain;
	void *data;

	assert_int_equal(gzip_expand(packed.data, packed.size, 1 << 20, &data, &plain.size), 0);
	plain.data = data;
	return plain;
}

static struct profile *parse_ok(struct bytes bytes)
{
	struct profile *profile = NULL;
	struct diag diag = {""};

	if (pprof_parse(bytes.data, bytes.size, &profile, &diag))
		fail_msg("%s", diag.text);
	return profile;
}

static void assert_same_bytes(struct bytes a, struct bytes b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

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

static Perftools__Profiles__Profile *unpack(struct bytes packed)
{
	struct bytes plain = expand(packed);
	Perftools__Profiles__Profile *message;

	message = perftools__profiles__profile__unpack(NULL, plain.size, (void *)plain.data);
	assert_non_null(message);
	free(plain.data);
	return message;
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
	for (int i = 0; i < NR_METRICS; i++)
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

static void test_cut_off(void **state)
{
	struct profile *profile = make_profile();
	struct bytes bytes = write_bytes(profile);

	(void)state;
	for (size_t size = 0; size < bytes.size; size++) {
		char *exact = malloc(size ? size : 1); /* so that a read behind it is seen */
		struct profile *none = NULL;
		struct diag diag = {""};

		memcpy(exact, bytes.data, size);
		assert_int_equal(pprof_parse(exact, size, &none, &diag), -EINVAL);
		assert_null(none);
		if (size >= 2)
			assert_non_null(strstr(diag.text, "cut off"));
		free(exact);
	}
	profile_free(profile);
	free(bytes.data);
}

/* Any byte may be wrong: an error with a message, or a profile that can be written. */
static void test_damaged(void **state)
{
	struct profile *profile = make_profile();
	struct bytes packed = write_bytes(profile), plain = expand(packed);
	int nr_refused = 0;

	(void)state;
	for (size_t i = 0; i < 2 * plain.size; i++) {
		char *at = &plain.data[i / 2], was = *at;
		struct profile *parsed = NULL;
		struct diag diag = {""};

		*at = i & 1 ? ~was : was + 1;
		if (pprof_parse(plain.data, plain.size, &parsed, &diag)) {
			assert_null(parsed);
			assert_true(*diag.text != '\0');
			nr_refused++;
		} else {
			free(write_bytes(parsed).data);
			profile_free(parsed);
		}
		*at = was;
	}
	assert_true(nr_refused > 100);
	packed.data[packed.size - 6] ^= 1; /* the checksum */
	assert_int_equal(pprof_parse(packed.data, packed.size, &profile, NULL), -EINVAL);
	profile_free(profile);
	free(packed.data);
	free(plain.data);
}

static void test_not_pprof(void **state)
{
	static const char *const texts[] = {"heap profile: 1: 2 [3: 4] @ heapprofile\n",
					    "main;f 12\n",
					    "\x7f"
					    "ELF\x02\x01\x01",
					    "{\"json\": 1}"};
	struct profile *none = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct diag diag = {""};

		assert_int_equal(pprof_parse(texts[i], strlen(texts[i]), &none, &diag), -EINVAL);
		assert_non_null(strstr(diag.text, "not a pprof profile"));
	}
}

/* 300 members that expand to 1 MiB each. */
static void test_bomb(void **state)
{
	static char zeros[1 << 20];
	struct gzip_writer writer;
	struct profile *none = NULL;
	struct diag diag = {""};
	struct bytes bytes;
	FILE *stream = open_memstream(&bytes.data, &bytes.size);

	(void)state;
	for (int i = 0; i < 300; i++) {
		assert_int_equal(gzip_init(&writer, stream), 0);
		gzip_write(&writer, zeros, sizeof(zeros));
		gzip_finish(&writer);
		gzip_done(&writer);
	}
	fclose(stream);
	assert_int_equal(pprof_parse(bytes.data, bytes.size, &none, &diag), -EFBIG);
	assert_non_null(strstr(diag.text, "256 MiB"));
	free(bytes.data);
}

static void cpu_profile(Perftools__Profiles__Profile *message)
{
	static char cpu[] = "c\033pu"; /* must not reach a terminal as it is */

	message->n_sample_type = 1;
	message->sample_type[0]->type = 1;
	message->n_sample = 0;
	free(message->string_table[1]);
	message->string_table[1] = strdup(cpu);
}

static void kilobytes(Perftools__Profiles__Profile *message)
{
	for (size_t i = 0; i < message->n_sample_type; i++)
		message->sample_type[i]->unit = 1;
}

static void few_values(Perftools__Profiles__Profile *message)
{
	message->sample[1]->n_value = 3;
}

static void type_twice(Perftools__Profiles__Profile *message)
{
	message->sample_type[1]->type = message->sample_type[3]->type;
}

static void no_string(Perftools__Profiles__Profile *message)
{
	message->function[0]->name = message->n_string_table;
}

static void negative_string(Perftools__Profiles__Profile *message)
{
	message->sample[0]->label[1]->key = -1;
}

static void string_0(Perftools__Profiles__Profile *message)
{
	free(message->string_table[0]);
	message->string_table[0] = strdup("x");
}

static void no_comment(Perftools__Profiles__Profile *message)
{
	message->comment[0] = INT64_MAX;
}

static void no_location(Perftools__Profiles__Profile *message)
{
	message->sample[0]->location_id[1] = 4;
}

static void location_0(Perftools__Profiles__Profile *message)
{
	message->sample[0]->location_id[1] = 0;
}

static void same_location(Perftools__Profiles__Profile *message)
{
	message->location[1]->id = 1;
}

static void zero_function(Perftools__Profiles__Profile *message)
{
	message->function[1]->id = 0;
}

static void no_function(Perftools__Profiles__Profile *message)
{
	message->location[1]->line[0]->function_id = UINT64_MAX;
}

static void no_mapping(Perftools__Profiles__Profile *message)
{
	message->location[0]->mapping_id = 3;
}

static void sparse_ids(Perftools__Profiles__Profile *message)
{
	const uint64_t far = UINT64_MAX;

	message->mapping[0]->id = far;
	message->location[1]->mapping_id = far;
	message->function[2]->id = far - 1; /* comes first in the file's stacks */
	message->location[0]->line[0]->function_id = far - 1;
	message->location[0]->id = 1000;
	message->sample[0]->location_id[0] = 1000;
}

static void test_messages(void **state)
{
	static const struct {
		void (*change)(Perftools__Profiles__Profile *message);
		int err;
		const char *text;
	} examples[] = {
		{cpu_profile, -ENOMSG, "not a heap profile: it has c?pu/count, but none"},
		{kilobytes, -ENOMSG, "inuse_space/alloc_objects"},
		{few_values, -EINVAL, "wrong number of values (3)"},
		{type_twice, -EINVAL, "a sample type is there twice"},
		{no_string, -EINVAL, "no such string"},
		{negative_string, -EINVAL, "no such string"},
		{string_0, -EINVAL, "no string table"},
		{no_comment, -EINVAL, "no such string (9223372036854775807)"},
		{no_location, -EINVAL, "no such location (4)"},
		{location_0, -EINVAL, "no such location (0)"},
		{same_location, -EINVAL, "a location with a zero or repeated id (1)"},
		{zero_function, -EINVAL, "a function with a zero or repeated id (0)"},
		{no_function, -EINVAL, "no such function (18446744073709551615)"},
		{no_mapping, -EINVAL, "no such mapping (3)"},
		{sparse_ids, 0, ""},
	};
	struct profile *profile = make_profile();
	struct bytes bytes = write_bytes(profile);

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		Perftools__Profiles__Profile *message = unpack(bytes);
		const size_t kept[] = {message->n_sample_type, message->n_sample,
				       message->sample[1]->n_value};
		struct profile *parsed = NULL;
		struct diag diag = {""};
		struct bytes changed;

		examples[i].change(message);
		changed.size = perftools__profiles__profile__get_packed_size(message);
		changed.data = malloc(changed.size);
		perftools__profiles__profile__pack(message, (uint8_t *)changed.data);
		assert_int_equal(pprof_parse(changed.data, changed.size, &parsed, &diag),
				 examples[i].err);
		if (!strstr(diag.text, examples[i].text))
			fail_msg("%zu: %s", i, diag.text);
		if (parsed) { /* other ids, same profile */
			struct bytes again = write_bytes(parsed);

			assert_same_bytes(bytes, again);
			free(again.data);
		}
		profile_free(parsed);
		free(changed.data);
		message->n_sample_type = kept[0];
		message->n_sample = kept[1];
		message->sample[1]->n_value = kept[2];
		perftools__profiles__profile__free_unpacked(message, NULL);
	}
	profile_free(profile);
	free(bytes.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_what_the_file_says),
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_some_metrics),
		cmocka_unit_test(test_read),	   cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_damaged),	   cmocka_unit_test(test_not_pprof),
		cmocka_unit_test(test_bomb),	   cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
