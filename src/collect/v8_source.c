// SPDX-License-Identifier: Apache-2.0
/* Names of the sources, their probes, and what a sample stands for. */
#include "collect/v8_source.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t programs;
} sources[NR_SOURCES] = {
	[SOURCE_MALLOC] = {"malloc", KERNEL_PROGRAMS_MALLOC},
	[SOURCE_PAGE] = {"page", 1u << PROGRAM_LOADER | 1u << PROGRAM_MOVES},
	[SOURCE_GC] = {"gc", KERNEL_PROGRAMS_GC | 1u << PROGRAM_LOADER | 1u << PROGRAM_MOVES},
	[SOURCE_JS] = {"js", KERNEL_PROGRAMS_JS | KERNEL_PROGRAMS_GC | 1u << PROGRAM_LOADER |
				     1u << PROGRAM_MOVES},
};

const char *source_name(enum source source)
{
	return sources[source].name;
}

int source_parse(const char *name, enum source *ret)
{
	for (unsigned int i = 0; i < NR_SOURCES; i++) {
		if (strcmp(name, sources[i].name) != 0)
			continue;
		*ret = i;
		return 0;
	}
	return -EINVAL;
}

bool source_is_v8(enum source source)
{
	return source == SOURCE_GC || source == SOURCE_JS;
}

uint32_t source_programs(enum source source, bool collections)
{
	return sources[source].programs | (collections ? KERNEL_PROGRAMS_GC : 0);
}

/* Of the sets of programs those that V8's functions are found for. */
static uint32_t v8_programs(enum source source)
{
	return source == SOURCE_JS ? sources[source].programs : KERNEL_PROGRAMS_GC;
}

static bool is_mapped(const struct space *space, const struct object *object)
{
	for (uint32_t i = 0; i < space->nr_mappings; i++)
		if (space->mappings[i].live && space->mappings[i].object == object)
			return true;
	return false;
}

int v8_source_attach(struct v8_source *v8, const struct kernel *kernel, const struct caps *caps,
		     const struct space *space, bool required, struct diag *diag)
{
	uint32_t programs = v8_programs(v8->source);
	int err;

	if (v8->probes.object && is_mapped(space, v8->probes.object))
		return 0;
	v8_probes_done(&v8->probes);
	err = v8_probes_find(space, programs, &v8->probes, diag);
	if (err)
		return err == -ENOTSUP && !required ? 0 : err;
	return v8_probes_link(&v8->probes, kernel, caps, space->pid, diag);
}

void v8_source_done(struct v8_source *v8)
{
	v8_probes_done(&v8->probes);
	js_window_done(&v8->window);
}

int v8_source_collection(struct v8_source *v8, const struct ht_gc_event *event)
{
	if (v8->source == SOURCE_JS)
		return js_window_add(&v8->window, event);
	collections_add(&v8->collections, event);
	return 0;
}

/* A site of samples has counted one byte for each; large objects are larger. */
static bool is_sampled(const struct site_totals *site)
{
	return site->alloc_bytes == (double)site->samples;
}

void v8_source_scale(const struct v8_source *v8, struct snapshot *snapshot)
{
	double samples[2] = {0}, bytes = 0;
	struct js_weight weight;

	js_window_weight(&v8->window, v8->probes.v8_major, &weight);
	for (uint32_t i = 0; i < snapshot->nr_sites; i++) {
		struct site_totals *site = &snapshot->sites[i];
		int marking = site->stack && site->stack->probe & HT_JS_MARKING;
		double w = weight.bytes[marking];

		if (!is_sampled(site))
			continue;
		samples[marking] += (double)site->samples;
		bytes += w * (double)site->samples;
		site->alloc_bytes *= w;
		site->alloc_objects *= w / HT_JS_PER_SIZE;
		site->alloc_var = w * w * (double)site->samples;
	}
	snapshot->js = (struct snapshot_js){
		.sample_bytes = samples[0] + samples[1] > 0 ? bytes / (samples[0] + samples[1])
							    : weight.bytes[0],
		.error = js_weight_error(&weight, samples),
		.measured = weight.measured,
	};
}

const char *v8_source_leaf(const struct v8_source *v8, uint16_t probe)
{
	static const char *const gc[HT_NR_GC_KINDS] = {
		[HT_GC_SCAVENGE] = "[scavenge]",
		[HT_GC_MARK_COMPACT] = "[mark-compact]",
		[HT_GC_MINOR_MARK_COMPACT] = "[minor mark-compact]",
	};
	static const char *const js[HT_NR_JS_PROBES] = {
		[HT_JS_NEW_SPACE] = "[new space]",
		[HT_JS_OLD_SPACE] = "[old space]",
		[HT_JS_LARGE_OBJECT] = "[large object]",
	};

	if (v8->source == SOURCE_GC)
		return HT_GC_PROBE_KIND(probe) < HT_NR_GC_KINDS ? gc[HT_GC_PROBE_KIND(probe)]
								: "[collection]";
	probe &= HT_JS_MARKING - 1;
	return probe < HT_NR_JS_PROBES ? js[probe] : "[allocation]";
}
