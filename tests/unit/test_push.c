// SPDX-License-Identifier: Apache-2.0
/* Which URLs and labels are taken, what is made of a profile, and which answers are good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "otlp.pb-c.h"
#include "profile/gzip.h"
#include "push/protocol.h"
#include "push/push.h"

static void test_urls(void **state)
{
	static const struct {
		const char *url, *token;
		int err;
	} known[] = {
		{"pyroscope+http://localhost:4040", NULL, 0},
		{"pyroscope+https://user@host/base/", "t", 0},
		{"parca+https://host:7070", "t", 0},
		{"otlp+http://127.0.0.1:4318", "t", 0},
		{"otlp+http://[::1]:4318", "t", 0},
		{"https://host/x/push.v1.PusherService/Push", NULL, 0},
		{"https://host/profiles/writeraw", NULL, 0},
		{"https://host/v1development/profiles", NULL, 0},
		{"otlp+http://host:4318", "t", -EINVAL},
		{"otlp+http://127.example.org", NULL, 0},
		{"otlp+http://127.example.org", "t", -EINVAL},
		{"otlp+http://localhost.example.org", "t", -EINVAL},
		{"https://host", NULL, -EINVAL},
		{"pyroscope+ftp://host", NULL, -EINVAL},
		{"pyroscope+https://user:secret@host", NULL, -EINVAL},
		{"pyro+https://host", NULL, -EINVAL},
		{"+https://host", NULL, -EINVAL},
		{"otlp+https://host/#x", NULL, -EINVAL},
		{"otlp+file:///etc/passwd", NULL, -EINVAL},
		{"otlp+https://", NULL, -EINVAL},
		{"otlp", NULL, -EINVAL},
		{"", NULL, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct push_options options = {.url = known[i].url, .token = known[i].token};
		struct push *push = NULL;
		struct diag diag = {0};
		int err = push_open(&options, &push, &diag);

		if (err != known[i].err || (err && !*diag.text))
			fail_msg("%s: %d %s", known[i].url, err, diag.text);
		push_close(push);
	}
}

static void test_label_names(void **state)
{
	(void)state;
	assert_true(push_label_is_valid("a=b", false));
	assert_true(push_label_is_valid("_a1=", false));
	assert_true(push_label_is_valid("a.b=c=d", true));
	assert_false(push_label_is_valid("a.b=c", false));
	assert_false(push_label_is_valid("1a=c", false));
	assert_false(push_label_is_valid("=c", false));
	assert_false(push_label_is_valid("a=\xff", true));
	assert_false(push_label_is_valid("a", true));
}

/* One stack of two frames, seen twice with different labels, and one without frames. */
static struct profile *new_profile(void)
{
	struct profile *profile = profile_new();
	struct profile_mapping mapping = {
		.start = 16, .limit = 32, .file = "/bin/a", .build_id = "ab"};
	struct profile_function function = {.name = "f", .system_name = "f", .file = "f.c"};
	struct profile_line line = {0, 7};
	uint32_t locations[2], index;

	assert_non_null(profile);
	assert_int_equal(profile_add_mapping(profile, &mapping, &index), 0);
	assert_int_equal(profile_add_function(profile, &function, &index), 0);
	for (int i = 0; i < 2; i++) {
		struct profile_location location = {.mapping = i ? PROFILE_NONE : 0,
						    .address = 20 + i,
						    .nr_lines = 1,
						    .lines = &line};

		assert_int_equal(profile_add_location(profile, &location, &locations[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		struct profile_label label = {.key = "pid", .number = i, .unit = ""};
		struct profile_sample sample = {.values = {1, 100, i, 50 * i},
						.nr_locations = i < 2 ? 2 : 0,
						.locations = locations,
						.nr_labels = 1,
						.labels = &label};

		assert_int_equal(profile_add_sample(profile, &sample), 0);
	}
	assert_int_equal(profile_set_note(profile, "target", "12 app /bin/a"), 0);
	assert_int_equal(profile_set_note(profile, "comm", "app"), 0);
	profile->time_ns = 1000;
	profile->duration_ns = 400;
	return profile;
}

static void *encode(const char *name, size_t *ret_size)
{
	static const char *const mine[] = {"service_name=shop", "team=core"};
	struct push_options options = {.labels = mine, .nr_labels = 2};
	const struct protocol *protocol = protocol_by_name(name, strlen(name));
	struct profile *profile = new_profile();
	struct push_labels labels;
	struct payload payload = {"data", 4, profile, &labels, {1}};
	void *body = NULL;

	assert_non_null(protocol);
	assert_int_equal(push_labels_init(&labels, profile, &options, protocol->otlp_names), 0);
	assert_int_equal(protocol->encode(&payload, &body, ret_size), 0);
	push_labels_done(&labels);
	profile_free(profile);
	return body;
}

static void test_series(void **state)
{
	static const char *const names[] = {"pyroscope", "parca"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t size;
		void *body = encode(names[i], &size);
		json_t *root = json_loadb(body, size, 0, NULL), *series, *labels, *sample;

		assert_non_null(root);
		series = json_array_get(json_object_get(root, "series"), 0);
		labels = json_object_get(series, "labels");
		labels = i ? json_object_get(labels, "labels") : labels;
		/* __name__, service_name, pid, comm, team */
		assert_int_equal(json_array_size(labels), 5);
		sample = json_array_get(json_object_get(series, "samples"), 0);
		assert_string_equal(json_string_value(json_object_get(sample, "rawProfile")),
				    "ZGF0YQ==");
		json_decref(root);
		free(body);
	}
}

static void test_otlp(void **state)
{
	size_t size, plain_size;
	void *body = encode("otlp", &size), *plain;
	const Otlp__Profile *inuse;
	Otlp__Request *request;

	(void)state;
	assert_int_equal(gzip_expand(body, size, 1 << 20, &plain, &plain_size), 0);
	request = otlp__request__unpack(NULL, plain_size, plain);
	assert_non_null(request);
	assert_int_equal(request->dictionary->n_stack_table, 2);
	assert_int_equal(request->dictionary->stack_table[1]->n_location_indices, 2);
	assert_int_equal(request->dictionary->stack_table[1]->location_indices[0], 1);
	assert_int_equal(request->dictionary->location_table[1]->mapping_index, 1);
	assert_int_equal(request->dictionary->location_table[2]->mapping_index, 0);
	assert_int_equal(request->dictionary->mapping_table[1]->n_attribute_indices, 1);
	assert_int_equal(request->resource_profiles[0]->scope_profiles[0]->n_profiles, 4);
	inuse = request->resource_profiles[0]->scope_profiles[0]->profiles[0];
	/* the sample without any is not there, the one without frames is */
	assert_int_equal(inuse->n_samples, 2);
	assert_int_equal(inuse->samples[0]->stack_index, 1);
	assert_int_equal(inuse->samples[1]->stack_index, 0);
	assert_int_equal(inuse->samples[0]->values[0], 50);
	assert_int_equal(inuse->time_unix_nano, 600);
	otlp__request__free_unpacked(request, NULL);
	free(plain);
	free(body);
}

static void test_judging(void **state)
{
	struct diag diag;

	(void)state;
	assert_int_equal(raw_judge("{}", 2, &diag), 0);
	assert_int_equal(raw_judge("", 0, &diag), -EPROTO);
	assert_int_equal(raw_judge("[]", 2, &diag), -EPROTO);
	assert_int_equal(raw_judge("<html>", 6, &diag), -EPROTO);
	assert_int_equal(otlp_judge("", 0, &diag), 0);
	assert_int_equal(otlp_judge("<html>", 6, &diag), -EPROTO);
	assert_int_equal(otlp_judge("\x0a\x02\x08\x03", 4, &diag), -EBADMSG);
	assert_int_equal(otlp_judge("\x0a\x02\x08\x00", 4, &diag), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),	cmocka_unit_test(test_label_names),
		cmocka_unit_test(test_series),	cmocka_unit_test(test_otlp),
		cmocka_unit_test(test_judging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
