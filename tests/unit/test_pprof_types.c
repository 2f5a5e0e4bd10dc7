// SPDX-License-Identifier: Apache-2.0
/* Sample types of other tools: which number is the memory, and when to ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pprof.pb-c.h"
#include "profile/pprof_read.h"

#define MAX_TYPES 6

static int64_t add_string(Perftools__Profiles__Profile *message, char *text)
{
	message->string_table[message->n_string_table] = text;
	return (int64_t)message->n_string_table++;
}

/* A profile of one sample whose values are 1, 2, 3, ... @types: "space/bytes,objects/count". */
static int parse(const char *types, const char *standard, const char *wanted, struct profile **ret,
		 struct diag *diag)
{
	Perftools__Profiles__Profile message = PERFTOOLS__PROFILES__PROFILE__INIT;
	Perftools__Profiles__Sample sample = PERFTOOLS__PROFILES__SAMPLE__INIT;
	Perftools__Profiles__ValueType type[MAX_TYPES], *pointers[MAX_TYPES];
	char *copy = strdup(types), *rest = copy, *strings[2 * MAX_TYPES + 2], *one;
	int64_t values[MAX_TYPES] = {1, 2, 3, 4, 5, 6};
	uint8_t *bytes;
	size_t size;
	int err;

	message.string_table = strings;
	add_string(&message, (char *)"");
	while ((one = strsep(&rest, ","))) {
		size_t at = message.n_sample_type++;

		perftools__profiles__value_type__init(&type[at]);
		pointers[at] = &type[at];
		type[at].type = add_string(&message, strsep(&one, "/"));
		type[at].unit = add_string(&message, one);
	}
	message.sample_type = pointers;
	if (standard)
		message.default_sample_type = add_string(&message, (char *)standard);
	sample.value = values;
	sample.n_value = message.n_sample_type;
	message.sample = (Perftools__Profiles__Sample *[]){&sample};
	message.n_sample = 1;
	size = perftools__profiles__profile__get_packed_size(&message);
	bytes = malloc(size);
	perftools__profiles__profile__pack(&message, bytes);
	err = pprof_parse_type(bytes, size, wanted, ret, diag);
	free(bytes);
	free(copy);
	return err;
}

/* Of inuse_objects and inuse_space; 0: the profile does not have it. */
static void expect(const char *types, const char *wanted, int64_t objects, int64_t space,
		   const char *said)
{
	struct profile *profile = NULL;
	struct diag diag = {""};
	const char *note;

	if (parse(types, NULL, wanted, &profile, &diag))
		fail_msg("%s: %s", types, diag.text);
	assert_int_equal(profile->has_metric[METRIC_INUSE_OBJECTS], objects != 0);
	assert_int_equal(profile->has_metric[METRIC_INUSE_SPACE], space != 0);
	assert_int_equal(profile->samples[0].values[METRIC_INUSE_OBJECTS], objects);
	assert_int_equal(profile->samples[0].values[METRIC_INUSE_SPACE], space);
	note = profile_note(profile, "sample_type");
	assert_string_equal(note ? note : "", said);
	profile_free(profile);
}

static void test_known(void **state)
{
	(void)state;
	expect("alloc_objects/count,alloc_space/bytes,inuse_objects/count,inuse_space/bytes", NULL,
	       3, 4, "");
	expect("inuse_space/bytes", NULL, 0, 1, "");
	expect("inuse_space/bytes,inuse_objects/count,space/bytes", NULL, 2, 1, "");
	expect("inuse_space/bytes", "inuse_space", 0, 1, "");
	expect("inuse_space/bytes", "alloc_space", 0, 1, "");
}

static void test_only_bytes(void **state)
{
	(void)state;
	expect("space/bytes", NULL, 0, 1, "space/bytes");
	expect("objects/count,space/bytes", NULL, 1, 2, "space/bytes");
	expect("wall/nanoseconds,heap/bytes,objects/count", NULL, 0, 2, "heap/bytes");
	expect("inuse_space/kilobytes,heap/bytes", NULL, 0, 2, "heap/bytes");
}

static void test_wanted(void **state)
{
	(void)state;
	expect("small/bytes,large/bytes", "large", 0, 2, "large/bytes");
	expect("small/bytes,pieces/count", "pieces", 2, 0, "pieces/count");
	expect("alloc_space/bytes,space/bytes,objects/count", "space", 3, 2, "space/bytes");
}

static void refuse(const char *types, const char *wanted, const char *text)
{
	struct profile *profile = NULL;
	struct diag diag = {""};

	assert_int_equal(parse(types, NULL, wanted, &profile, &diag), -ENOMSG);
	assert_null(profile);
	if (!strstr(diag.text, text))
		fail_msg("%s: %s", types, diag.text);
}

static void test_refused(void **state)
{
	(void)state;
	refuse("wall/nanoseconds", NULL, "not a heap profile: it has wall/nanoseconds");
	refuse("a/bytes,b/bytes", NULL, "It has a/bytes, b/bytes; say it with -m NAME");
	refuse("a/bytes,b/bytes", "c", "does not hold c; it holds: a/bytes, b/bytes");
	refuse("wall/nanoseconds", "wall", "neither bytes nor a count");
	refuse("a\033[2J/bytes,b/bytes", NULL, "a?[2J/bytes");
}

static void test_default(void **state)
{
	struct profile *profile = NULL;
	struct diag diag = {""};

	(void)state;
	assert_int_equal(parse("alloc_space/bytes,inuse_space/bytes", "alloc_space", NULL, &profile,
			       &diag),
			 0);
	assert_int_equal(profile->default_metric, METRIC_ALLOC_SPACE);
	profile_free(profile);
	assert_int_equal(parse("alloc_space/bytes", "inuse_space", NULL, &profile, &diag), 0);
	assert_int_equal(profile->default_metric, NR_METRICS);
	profile_free(profile);
	assert_int_equal(parse("alloc_space/bytes", "nothing", NULL, &profile, &diag), 0);
	assert_int_equal(profile->default_metric, NR_METRICS);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),	cmocka_unit_test(test_only_bytes),
		cmocka_unit_test(test_wanted),	cmocka_unit_test(test_refused),
		cmocka_unit_test(test_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
