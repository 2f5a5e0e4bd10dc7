/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the pprof file: a profile with all that the format can hold, and its bytes. Include
 * after cmocka.h.
 */
#ifndef HEAPTAP_TESTS_PPROF_PROFILE_H
#define HEAPTAP_TESTS_PPROF_PROFILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pprof.pb-c.h"
#include "profile/gzip.h"
#include "profile/pprof_read.h"
#include "profile/pprof_write.h"

struct bytes {
	char *data;
	size_t size;
};

static inline uint32_t add_function(struct profile *profile, const char *name, const char *file)
{
	const struct profile_function function = {name, name, file, 4};
	uint32_t index;

	assert_int_equal(profile_add_function(profile, &function, &index), 0);
	return index;
}

static inline uint32_t add_location(struct profile *profile, uint32_t mapping, uint64_t address,
				    uint32_t nr_lines, struct profile_line *lines)
{
	const struct profile_location location = {mapping, address, nr_lines, lines};
	uint32_t index;

	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

static inline void add_samples(struct profile *profile, uint32_t program, uint32_t library)
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

static inline struct profile *make_profile(void)
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

static inline struct bytes write_bytes(const struct profile *profile)
{
	struct bytes bytes;
	FILE *stream = open_memstream(&bytes.data, &bytes.size);

	assert_non_null(stream);
	assert_int_equal(pprof_write(profile, stream), 0);
	assert_int_equal(fclose(stream), 0);
	return bytes;
}

static inline struct bytes expand(struct bytes packed)
{
	struct bytes plain;
	void *data;

	assert_int_equal(gzip_expand(packed.data, packed.size, 1 << 20, &data, &plain.size), 0);
	plain.data = data;
	return plain;
}

static inline struct profile *parse_ok(struct bytes bytes)
{
	struct profile *profile = NULL;
	struct diag diag = {""};

	if (pprof_parse(bytes.data, bytes.size, &profile, &diag))
		fail_msg("%s", diag.text);
	return profile;
}

static inline void assert_same_bytes(struct bytes a, struct bytes b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

static inline Perftools__Profiles__Profile *unpack(struct bytes packed)
{
	struct bytes plain = expand(packed);
	Perftools__Profiles__Profile *message;

	message = perftools__profiles__profile__unpack(NULL, plain.size, (void *)plain.data);
	assert_non_null(message);
	free(plain.data);
	return message;
}

#endif
