// SPDX-License-Identifier: Apache-2.0
/*
 * The table of V8's functions, and from an object's symbols to probe sites. A compiler's clone for
 * a constant argument (NAME.constprop.N) is the same function to its callers; other suffixes name
 * parts of one, or clones whose arguments moved.
 */
#include "collect/v8_probes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/links.h"
#include "collect/tail_calls.h"
#include "elf/image.h"
#include "heaptap/gc.h"

#define NONE HT_ARG_NONE

/* What has to be there, by its kind: the new space function has had three names. */
enum need {
	NEED_START,
	NEED_STOP,
	NEED_PERFORM,
	NEED_SIZE,
	NEED_NEW_SPACE,
	NEED_LARGE,
	NEED_CYCLE,
	OPTIONAL
};

static const struct v8_function {
	const char *prefix, *name; /* of the mangled name, up to the end of its nested part */
	enum kernel_program program;
	enum need need;
	uint8_t number;	      /* enum ht_js_probe */
	uint8_t size, origin; /* arguments, by position */
	uint8_t ticks;	      /* V8's own clock, us of CLOCK_MONOTONIC: from V8 12 on */
} functions[] = {
	{"_ZN2v88internal8GCTracer20StartObservablePauseENS_4base9TimeTicksE",
	 "GCTracer::StartObservablePause", PROGRAM_GC_START, NEED_START, 0, NONE, NONE, 1},
	{"_ZN2v88internal8GCTracer20StartObservablePauseEv", "GCTracer::StartObservablePause",
	 PROGRAM_GC_START, NEED_START, 0, NONE, NONE, NONE},
	{"_ZN2v88internal8GCTracer19StopObservablePauseENS0_16GarbageCollectorENS_4base9TimeTicksE",
	 "GCTracer::StopObservablePause", PROGRAM_GC_STOP, NEED_STOP, 0, NONE, NONE, 2},
	{"_ZN2v88internal8GCTracer19StopObservablePauseEv", "GCTracer::StopObservablePause",
	 PROGRAM_GC_STOP, NEED_STOP, 0, NONE, NONE, NONE},
	{"_ZN2v88internal4Heap24PerformGarbageCollectionE", "Heap::PerformGarbageCollection",
	 PROGRAM_GC_PERFORM, NEED_PERFORM, 0, NONE, NONE, NONE},
	{"_ZN2v88internal4Heap13SizeOfObjectsE", "Heap::SizeOfObjects", PROGRAM_GC_SIZE, NEED_SIZE,
	 0, NONE, NONE, NONE},
	{"_ZN2v88internal8GCTracer10StartCycleENS0_16GarbageCollectorE", "GCTracer::StartCycle",
	 PROGRAM_GC_CYCLE, NEED_CYCLE, 0, NONE, NONE, NONE},
	/* V8 10, 11, and from 12 on */
	{"_ZN2v88internal8NewSpace16EnsureAllocationE", "NewSpace::EnsureAllocation", PROGRAM_JS,
	 NEED_NEW_SPACE, HT_JS_NEW_SPACE, 1, 3, NONE},
	{"_ZN2v88internal17SemiSpaceNewSpace16EnsureAllocationE",
	 "SemiSpaceNewSpace::EnsureAllocation", PROGRAM_JS, NEED_NEW_SPACE, HT_JS_NEW_SPACE, 1, 3,
	 NONE},
	{"_ZN2v88internal32SemiSpaceNewSpaceAllocatorPolicy16EnsureAllocationE",
	 "SemiSpaceNewSpaceAllocatorPolicy::EnsureAllocation", PROGRAM_JS, NEED_NEW_SPACE,
	 HT_JS_NEW_SPACE, 1, 3, NONE},
	{"_ZN2v88internal10PagedSpace13RefillLabMainE", "PagedSpace::RefillLabMain", PROGRAM_JS,
	 OPTIONAL, HT_JS_OLD_SPACE, 1, 2, NONE},
	{"_ZN2v88internal14PagedSpaceBase13RefillLabMainE", "PagedSpaceBase::RefillLabMain",
	 PROGRAM_JS, OPTIONAL, HT_JS_OLD_SPACE, 1, 2, NONE},
	{"_ZN2v88internal25PagedSpaceAllocatorPolicy16EnsureAllocationE",
	 "PagedSpaceAllocatorPolicy::EnsureAllocation", PROGRAM_JS, OPTIONAL, HT_JS_OLD_SPACE, 1, 3,
	 NONE},
	/* (this, size) up to V8 11, (this, LocalHeap *, size) from 12 on */
	{"_ZN2v88internal19NewLargeObjectSpace11AllocateRawEi", "NewLargeObjectSpace::AllocateRaw",
	 PROGRAM_JS, NEED_LARGE, HT_JS_LARGE_OBJECT, 1, NONE, NONE},
	{"_ZN2v88internal19OldLargeObjectSpace11AllocateRawEi", "OldLargeObjectSpace::AllocateRaw",
	 PROGRAM_JS, NEED_LARGE, HT_JS_LARGE_OBJECT, 1, NONE, NONE},
	{"_ZN2v88internal19NewLargeObjectSpace11AllocateRawEPNS0_9LocalHeapEi",
	 "NewLargeObjectSpace::AllocateRaw", PROGRAM_JS, NEED_LARGE, HT_JS_LARGE_OBJECT, 2, NONE,
	 NONE},
	{"_ZN2v88internal19OldLargeObjectSpace11AllocateRawEPNS0_9LocalHeapEi",
	 "OldLargeObjectSpace::AllocateRaw", PROGRAM_JS, NEED_LARGE, HT_JS_LARGE_OBJECT, 2, NONE,
	 NONE},
};

#define NR_FUNCTIONS	  (sizeof(functions) / sizeof(functions[0]))
#define V8_PREFIX	  "_ZN2v8"
#define MAX_FUNCTION_SIZE (64 << 10)

/* Of the needs of each set of programs, what a message calls them by. */
static const struct {
	uint32_t programs;
	const char *name;
} needs[OPTIONAL] = {
	[NEED_START] = {KERNEL_PROGRAMS_GC, "GCTracer::StartObservablePause"},
	[NEED_STOP] = {KERNEL_PROGRAMS_GC, "GCTracer::StopObservablePause"},
	[NEED_PERFORM] = {KERNEL_PROGRAMS_GC, "Heap::PerformGarbageCollection"},
	[NEED_SIZE] = {KERNEL_PROGRAMS_GC, "Heap::SizeOfObjects"},
	[NEED_NEW_SPACE] = {KERNEL_PROGRAMS_JS, "the new space's EnsureAllocation"},
	[NEED_CYCLE] = {KERNEL_PROGRAMS_JS, "GCTracer::StartCycle"},
	[NEED_LARGE] = {KERNEL_PROGRAMS_JS, "the large object spaces' AllocateRaw"},
};

const char *v8_probe_name(const struct v8_probe *probe)
{
	return functions[probe->function].name;
}

/* --- finding -----------------------------------------------------------------------------------
 */

struct search {
	const struct elf_image *image;
	uint32_t programs;
	bool has_v8;
	uint64_t version_vaddr; /* of Version::major_ */
	struct v8_probes *found;
};

static bool is_whole_function(const char *suffix)
{
	return !*suffix || !strncmp(suffix, ".constprop.", 11);
}

static int take_symbol(struct search *search, unsigned int function, const struct elf_named *symbol)
{
	struct v8_probes *found = search->found;
	uint64_t offset;

	for (unsigned int i = 0; i < found->nr; i++)
		if (found->probes[i].vaddr == symbol->vaddr)
			return 0;
	if (elf_image_vaddr_to_offset(search->image, symbol->vaddr, &offset))
		return 0;
	if (found->nr == V8_PROBES_MAX)
		return -E2BIG;
	found->probes[found->nr++] = (struct v8_probe){.function = function,
						       .vaddr = symbol->vaddr,
						       .offset = offset,
						       .size = symbol->size};
	return 0;
}

static int consider(const struct elf_named *symbol, void *arg)
{
	static const char major[] = "_ZN2v88internal7Version6major_E";
	struct search *search = arg;
	char name[512];

	if (symbol->length >= sizeof(name) ||
	    strncmp(symbol->name, V8_PREFIX, sizeof(V8_PREFIX) - 1) != 0)
		return 0;
	search->has_v8 = true;
	memcpy(name, symbol->name, symbol->length);
	name[symbol->length] = '\0';
	if (!symbol->function) {
		if (!strcmp(name, major))
			search->version_vaddr = symbol->vaddr;
		return 0;
	}
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++)
		if (search->programs >> functions[i].program & 1 &&
		    !strncmp(name, functions[i].prefix, strlen(functions[i].prefix)) &&
		    is_whole_function(name + strcspn(name, ".")))
			return take_symbol(search, i, symbol);
	return 0;
}

static int choose_site(const struct elf_image *image, struct v8_probe *probe)
{
	const struct v8_function *f = &functions[probe->function];
	size_t size = probe->size && probe->size < MAX_FUNCTION_SIZE ? probe->size : 64;
	struct probe_site_wanted wanted = {
		.with_return = f->program == PROGRAM_GC_SIZE || f->program == PROGRAM_JS,
		.long_nops = probe_site_long_nops(),
	};
	uint8_t *code = malloc(size);
	long n;
	int err;

	if (!code)
		return -ENOMEM;
	if (f->program == PROGRAM_GC_PERFORM)
		wanted.arguments = 7; /* Heap, collector, reason */
	if (f->program == PROGRAM_GC_CYCLE)
		wanted.arguments = 2; /* collector */
	if (f->size != NONE)
		wanted.arguments |= 1u << f->size;
	if (f->origin != NONE)
		wanted.arguments |= 1u << f->origin;
	if (f->ticks != NONE)
		wanted.arguments |= 1u << f->ticks;
	n = elf_image_read(image, probe->vaddr, code, size);
	err = n < 0 ? n : probe_site_choose(code, n, probe->vaddr, &wanted, &probe->site);
	free(code);
	return err;
}

static void make_cookie(struct v8_probe *probe)
{
	const struct v8_function *f = &functions[probe->function];
	const struct ht_cookie cookie = {
		.probe = f->number,
		.pushes = probe->site.pushes,
		.arg_ptr = f->ticks,
		.arg_out = NONE,
		.arg_size = f->size,
		.arg_count = f->origin,
	};

	_Static_assert(sizeof(cookie) == sizeof(probe->cookie), "a cookie is one word");
	memcpy(&probe->cookie, &cookie, sizeof(cookie));
}

static int compare_ranges(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Leaves out functions that only jump to another of them: their calls would count twice. */
static void drop_forwarders(const struct elf_image *image, struct v8_probes *probes)
{
	struct code_range ranges[V8_PROBES_MAX];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < probes->nr; i++)
		ranges[i] =
			(struct code_range){probes->probes[i].vaddr,
					    probes->probes[i].vaddr + probes->probes[i].size, NULL};
	qsort(ranges, probes->nr, sizeof(ranges[0]), compare_ranges);
	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct v8_probe *p = &probes->probes[i];
		const struct code_range function = {p->vaddr, p->vaddr + p->size, NULL};

		if (functions[p->function].program != PROGRAM_JS ||
		    !tail_calls_any(image, &function, ranges, probes->nr))
			probes->probes[nr++] = *p;
	}
	probes->nr = nr;
}

/* The first function that is needed and was not found; NULL when all are there. */
static const char *missing(const struct v8_probes *probes, uint32_t programs)
{
	bool has[OPTIONAL + 1] = {0};

	for (unsigned int i = 0; i < probes->nr; i++)
		has[functions[probes->probes[i].function].need] = true;
	for (unsigned int i = 0; i < OPTIONAL; i++)
		if (needs[i].programs & programs && !has[i])
			return needs[i].name;
	return NULL;
}

static int look_through(struct search *search)
{
	struct v8_probes *found = search->found;
	int32_t major;
	int err = elf_image_each_symbol(search->image, consider, search);

	if (err)
		return err;
	if (search->version_vaddr && elf_image_read(search->image, search->version_vaddr, &major,
						    sizeof(major)) == sizeof(major))
		found->v8_major = major;
	drop_forwarders(search->image, found);
	for (unsigned int i = 0; i < found->nr && !err; i++) {
		err = choose_site(search->image, &found->probes[i]);
		make_cookie(&found->probes[i]);
	}
	return err;
}

/* 1 when @object has what is needed, 0 when it has not. Of what is missing, *ret_why. */
static int find_in(struct object *object, uint32_t programs, struct v8_probes *ret,
		   const char **ret_why)
{
	struct search search = {.programs = programs, .found = ret};
	struct elf_image *image;
	const char *why;
	int err;

	if (object->fd < 0 || elf_image_open(object->fd, &image))
		return 0;
	memset(ret, 0, sizeof(*ret));
	search.image = image;
	err = look_through(&search);
	elf_image_free(image);
	why = missing(ret, programs);
	if (search.has_v8 && (why || err) && (ret->nr || !*ret_why))
		*ret_why = why ?: "code that can be decoded";
	if (err == -ENOMEM)
		return err;
	return search.has_v8 && !why && !err;
}

int v8_probes_find(const struct space *space, uint32_t programs, struct v8_probes *ret,
		   struct diag *diag)
{
	const char *why = NULL;
	int err;

	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		struct object *object = space->mappings[i].object;
		bool seen = !object || !space->mappings[i].live || object->vdso;

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = space->mappings[k].object == object;
		if (seen)
			continue;
		err = find_in(object, programs, ret, &why);
		if (err < 0)
			return diag_fail(diag, err, "out of memory");
		if (err) {
			ret->object = object_get(object);
			return 0;
		}
	}
	memset(ret, 0, sizeof(*ret));
	if (!why)
		return diag_fail(diag, -ENOTSUP,
				 "no V8 found in pid %d: it is no Node process, or its file is "
				 "stripped of its symbols",
				 space->pid);
	return diag_fail(diag, -ENOTSUP,
			 "pid %d runs V8, but %s is not in its symbol table: the file is stripped, "
			 "or its V8 is not one of 10.2 to 14.6 (Node 18 to 26); run an official "
			 "build of Node, which is not stripped",
			 space->pid, why);
}

/* --- linking -----------------------------------------------------------------------------------
 */

struct sites {
	uint64_t offsets[V8_PROBES_MAX], cookies[V8_PROBES_MAX];
	size_t nr;
};

static void collect_sites(const struct v8_probes *probes, enum kernel_program program,
			  struct sites *ret)
{
	ret->nr = 0;
	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct v8_probe *probe = &probes->probes[i];

		if (functions[probe->function].program != program)
			continue;
		ret->offsets[ret->nr] = probe->offset + probe->site.offset;
		ret->cookies[ret->nr] = probe->cookie;
		ret->nr++;
	}
}

int v8_probes_link(struct v8_probes *probes, const struct kernel *kernel, const struct caps *caps,
		   pid_t pid, struct diag *diag)
{
	int err = 0;

	for (int program = PROGRAM_GC_START; program < NR_KERNEL_PROGRAMS && !err; program++) {
		struct sites sites;

		collect_sites(probes, program, &sites);
		if (sites.nr)
			err = link_set_add(&probes->links, kernel, caps, program, probes->object,
					   &(struct link_sites){.offsets = sites.offsets,
								.cookies = sites.cookies,
								.nr = sites.nr,
								.pid = pid});
	}
	if (!err)
		return 0;
	v8_probes_detach(probes);
	return link_set_explain(probes->object, pid, err, diag);
}

void v8_probes_detach(struct v8_probes *probes)
{
	link_set_close(&probes->links);
}

void v8_probes_done(struct v8_probes *probes)
{
	v8_probes_detach(probes);
	object_put(probes->object);
	memset(probes, 0, sizeof(*probes));
}

double v8_probes_stepped_share(const struct v8_probes *probes)
{
	unsigned int nr_stepped = 0;

	for (unsigned int i = 0; i < probes->nr; i++)
		nr_stepped += probes->probes[i].site.class == PROBE_SITE_STEPPED;
	return probes->nr ? (double)nr_stepped / probes->nr : 0;
}
