// SPDX-License-Identifier: Apache-2.0
/* Files that are cut off, damaged, of another kind or contradict themselves: each its message. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pprof_profile.h"

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
		cmocka_unit_test(test_cut_off),	  cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_not_pprof), cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
