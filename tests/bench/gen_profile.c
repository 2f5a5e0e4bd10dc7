// SPDX-License-Identifier: Apache-2.0
/*
 * gen_profile STACKS [DEPTH] > FILE: a profile of a size as large programs have it, for measuring
 * readers and writers. Always the same bytes for the same numbers: the random numbers are a fixed
 * sequence. Stacks share their outer frames as those of a real program do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/pprof_write.h"

#define NR_MODULES   40
#define NR_FUNCTIONS 20000
#define NR_LOCATIONS 60000
#define MAX_DEPTH    127

static uint64_t state = 88172645463325252ULL;

/* xorshift64: speed and repeatability, no more is asked of it. */
static uint32_t random_below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 11) % limit);
}

static void check(int err)
{
	if (!err)
		return;
	fprintf(stderr, "gen_profile: %s\n", strerror(-err));
	exit(1);
}

static void add_modules(struct profile *profile)
{
	char file[64];

	for (uint32_t i = 0; i < NR_MODULES; i++) {
		struct profile_mapping mapping = {
			.start = 0x7f0000000000 + i * 0x1000000ULL,
			.limit = 0x7f0000000000 + (i + 1) * 0x1000000ULL,
			.file = file,
			.build_id = "0123456789abcdef0123456789abcdef01234567",
		};
		uint32_t index;

		snprintf(file, sizeof(file), "/usr/lib/x86_64-linux-gnu/libmodule%u.so.1", i);
		check(profile_add_mapping(profile, &mapping, &index));
	}
}

static void add_functions(struct profile *profile)
{
	char name[128], file[64];

	for (uint32_t i = 0; i < NR_FUNCTIONS; i++) {
		struct profile_function function = {
			.name = name, .system_name = name, .file = file};
		uint32_t index;

		snprintf(name, sizeof(name),
			 i ? "app::module%u::Handler<std::string, int>::process_%u(Request const&)"
			   : "malloc",
			 i % 300, i);
		snprintf(file, sizeof(file), "/build/app/src/module%u.cc", i % 300);
		check(profile_add_function(profile, &function, &index));
	}
}

/* Location 0 is malloc; one in five has an inlined function. */
static void add_locations(struct profile *profile)
{
	struct profile_line lines[2];

	for (uint32_t i = 0; i < NR_LOCATIONS; i++) {
		struct profile_location location = {
			.mapping = i % NR_MODULES,
			.address = 0x7f0000000000 + i % NR_MODULES * 0x1000000ULL + i * 16,
			.nr_lines = 1 + (i && i % 5 == 0),
			.lines = lines,
		};
		uint32_t index;

		for (uint32_t line = 0; line < 2; line++) {
			lines[line].function = i ? 1 + random_below(NR_FUNCTIONS - 1) : 0;
			lines[line].line = 1 + random_below(2000);
		}
		check(profile_add_location(profile, &location, &index));
	}
}

/* The outer half of a stack is one of a few hundred paths, the inner half is its own. */
static void add_sample(struct profile *profile, uint32_t depth)
{
	uint32_t locations[MAX_DEPTH] = {0}, path = random_below(300);
	struct profile_sample sample = {.nr_locations = depth, .locations = locations};
	int64_t objects = 1 + random_below(1000), bytes = objects * (16 + random_below(4000));

	for (uint32_t i = 1; i < depth; i++)
		locations[i] =
			1 + (i >= depth / 2 ? (path * MAX_DEPTH + depth - i) % (NR_LOCATIONS - 1)
					    : random_below(NR_LOCATIONS - 1));
	sample.values[METRIC_ALLOC_OBJECTS] = 2 * objects;
	sample.values[METRIC_ALLOC_SPACE] = 2 * bytes;
	sample.values[METRIC_INUSE_OBJECTS] = objects;
	sample.values[METRIC_INUSE_SPACE] = bytes;
	check(profile_add_sample(profile, &sample));
}

int main(int argc, char **argv)
{
	long nr_stacks = argc > 1 ? atol(argv[1]) : 0, depth = argc > 2 ? atol(argv[2]) : 30;
	struct profile *profile = profile_new();

	if (argc > 3 || nr_stacks < 1 || depth < 2 || depth > MAX_DEPTH || !profile) {
		fprintf(stderr, "Usage: gen_profile STACKS [DEPTH, 2 to %d] > FILE\n", MAX_DEPTH);
		return 2;
	}
	profile->period = 1;
	check(profile_set_note(profile, "comm", "generated"));
	add_modules(profile);
	add_functions(profile);
	add_locations(profile);
	for (long i = 0; i < nr_stacks; i++)
		add_sample(profile, depth);
	check(pprof_write(profile, stdout));
	profile_free(profile);
	if (fflush(stdout)) {
		perror("gen_profile");
		return 1;
	}
	return 0;
}
