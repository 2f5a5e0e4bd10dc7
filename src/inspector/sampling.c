// SPDX-License-Identifier: Apache-2.0
/*
 * The answer is a tree of frames, {"callFrame", "selfSize", "children"}; a node's own size is alive
 * and was allocated with that node as the innermost frame. Sizes are scaled by V8 already.
 *
 * Walked without recursion: the tree is foreign.
 */
#include "inspector/sampling.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspector/script_url.h"

#define CALL_TIMEOUT_MS	 10000
#define FETCH_TIMEOUT_MS 60000 /* for a full collection, seconds for a large heap */
#define MAX_DEPTH	 1024  /* of a tree; V8 makes SAMPLING_MAX_DEPTH and the root */

/* One step down: the next child of @node to visit, and the location of @node. */
struct level {
	const json_t *node;
	size_t next_child;
	uint32_t location;
};

int sampling_start(struct protocol *protocol, uint64_t rate, struct diag *diag)
{
	int err = protocol_call(protocol, "HeapProfiler.enable", NULL, CALL_TIMEOUT_MS, NULL, diag);

	if (err)
		return err;
	/* V8 has one sampler; a second start is ignored and a second stop stops the first one's. */
	err = protocol_call(protocol, "HeapProfiler.getSamplingProfile", NULL, FETCH_TIMEOUT_MS,
			    NULL, diag);
	if (!err)
		return diag_fail(diag, -EBUSY,
				 "V8's heap sampler runs already: another debugger or --heap-prof "
				 "has started it");
	if (err != -EOPNOTSUPP) /* "was not started": as it should be */
		return err;
	return protocol_call(protocol, "HeapProfiler.startSampling",
			     json_pack("{s:I}", "samplingInterval", (json_int_t)rate),
			     CALL_TIMEOUT_MS, NULL, diag);
}

static int64_t integer(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value)
	       : json_is_real(value)  ? llround(json_real_value(value))
				      : 0;
}

/* "(V8 API)", "(GC)" and the like stand for stacks without JavaScript and keep V8's names. */
static int add_function(struct profile *profile, const json_t *call_frame, uint32_t *ret_location,
			uint32_t mapping)
{
	const char *name = json_string_value(json_object_get(call_frame, "functionName"));
	const char *script = json_string_value(json_object_get(call_frame, "scriptId"));
	const char *url = json_string_value(json_object_get(call_frame, "url"));
	int64_t line = integer(call_frame, "lineNumber") + 1;
	struct profile_function function = {.start_line = line > 0 ? line : 0};
	struct profile_line profile_line = {.line = function.start_line};
	struct profile_location location = {
		.mapping = mapping, .nr_lines = 1, .lines = &profile_line};
	char *file = script_url_decode(url ?: ""), *identity = NULL;
	int err = -ENOMEM;

	function.name = name && *name ? name : "(anonymous)";
	function.file = file;
	/* What tells functions apart that look the same: scripts of one name, functions in a line.
	 */
	if (asprintf(&identity, "%s script %s:%" PRId64 ":%" PRId64, function.name, script ?: "",
		     line, integer(call_frame, "columnNumber") + 1) < 0)
		identity = NULL;
	function.system_name = identity;
	if (file && identity)
		err = profile_add_function(profile, &function, &profile_line.function);
	err = err ?: profile_add_location(profile, &location, ret_location);
	free(file);
	free(identity);
	return err;
}

static int add_label(struct profile *profile, const char *name, uint32_t *ret_location)
{
	struct profile_line line = {0};
	struct profile_location location = {.mapping = PROFILE_NONE, .nr_lines = 1, .lines = &line};
	int err =
		profile_add_function(profile,
				     &(struct profile_function){.name = name, .system_name = name},
				     &line.function);

	return err ?: profile_add_location(profile, &location, ret_location);
}

/*
 * The stack of levels[1 .. depth]; levels[0] is the root, which is no function.
 *
 * A sampled object of S bytes stands for S/p, p = 1-exp(-S/R), with a variance of (S/p)^2 (1-p),
 * which is at most R times what it stands for: so is the sum.
 */
static int add_sample(struct profile *profile, const struct level *levels, size_t depth,
		      int64_t bytes)
{
	uint32_t locations[MAX_DEPTH + 1];
	struct profile_label error = {
		.key = "inuse_stderr",
		.number = llround(sqrt((double)profile->period * (double)bytes)),
		.unit = "bytes",
	};
	struct profile_sample sample = {
		.values[METRIC_INUSE_SPACE] = bytes,
		.locations = locations,
		.nr_labels = profile->period > 1,
		.labels = &error,
	};
	int err = 0;

	for (size_t i = depth; i > 0; i--)
		locations[sample.nr_locations++] = levels[i].location;
	if (!depth)
		err = add_label(profile, "[no stack]", &locations[sample.nr_locations++]);
	if (depth >= SAMPLING_MAX_DEPTH)
		err = add_label(profile, "[truncated]", &locations[sample.nr_locations++]);
	return err ?: profile_add_sample(profile, &sample);
}

static int convert_tree(const json_t *head, struct profile *profile, uint32_t mapping)
{
	struct level levels[MAX_DEPTH] = {{.node = head}};
	size_t depth = 0;
	int64_t bytes = integer(head, "selfSize");
	int err = bytes > 0 ? add_sample(profile, levels, 0, bytes) : 0;

	while (!err) {
		struct level *level = &levels[depth];
		const json_t *children = json_object_get(level->node, "children");
		const json_t *child = json_array_get(children, level->next_child++);

		if (!child) {
			if (!depth)
				break;
			depth--;
			continue;
		}
		if (!json_is_object(child) || depth + 1 == MAX_DEPTH)
			return -EPROTO;
		levels[++depth] = (struct level){.node = child};
		err = add_function(profile, json_object_get(child, "callFrame"),
				   &levels[depth].location, mapping);
		bytes = integer(child, "selfSize");
		if (!err && bytes > 0)
			err = add_sample(profile, levels, depth, bytes);
	}
	return err;
}

int sampling_convert(const json_t *answer, struct profile *profile, struct diag *diag)
{
	const json_t *head = json_object_get(json_object_get(answer, "profile"), "head");
	uint32_t mapping;
	int err;

	if (!json_is_object(head))
		return diag_fail(diag, -EPROTO, "the sampling profile has no head");
	for (int i = 0; i < NR_METRICS; i++)
		profile->has_metric[i] = i == METRIC_INUSE_SPACE;
	err = profile_add_mapping(profile, &(struct profile_mapping){.file = PROFILE_JAVASCRIPT},
				  &mapping);
	err = err ?: convert_tree(head, profile, mapping);
	return err ? diag_fail(diag, err, "cannot make a profile of V8's answer: %s",
			       strerror(-err))
		   : 0;
}

int sampling_fetch(struct protocol *protocol, bool last, struct profile *profile,
		   struct sampling_heap *ret_heap, struct diag *diag)
{
	json_t *answer, *usage;
	int err = protocol_call(
		protocol, last ? "HeapProfiler.stopSampling" : "HeapProfiler.getSamplingProfile",
		NULL, FETCH_TIMEOUT_MS, &answer, diag);

	if (err)
		return err;
	err = sampling_convert(answer, profile, diag);
	json_decref(answer);
	*ret_heap = (struct sampling_heap){0};
	if (!err &&
	    !protocol_call(protocol, "Runtime.getHeapUsage", NULL, CALL_TIMEOUT_MS, &usage, NULL)) {
		ret_heap->used = integer(usage, "usedSize");
		ret_heap->total = integer(usage, "totalSize");
		json_decref(usage);
	}
	return err;
}
