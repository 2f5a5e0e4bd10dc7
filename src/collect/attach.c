// SPDX-License-Identifier: Apache-2.0
/*
 * Linking programs to probe sites: all functions of one call shape in one uprobe_multi link, or
 * one perf uprobe each. In a child of a followed process they count at once, so frees come first,
 * then what may free: an allocation whose free went unseen would be held for ever.
 */
#include "collect/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/links.h"
#include "collect/told_probes.h"

#define MAX_SITES (sizeof(((struct probes *)0)->probes) / sizeof(struct probe))

/* The sites of one call shape. */
struct sites {
	uint64_t offsets[MAX_SITES], cookies[MAX_SITES], counters[MAX_SITES];
	bool counted; /* one has a counter */
	size_t nr;
};

static void collect_sites(const struct probes *probes, enum kernel_program shape, bool everywhere,
			  struct sites *ret)
{
	union {
		uint64_t word;
		struct ht_cookie fields;
	} cookie;

	ret->nr = 0;
	ret->counted = false;
	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct probe *probe = &probes->probes[i];

		if (probe->state != PROBE_USED ||
		    allocator_functions[probe->function].shape != shape)
			continue;
		ret->offsets[ret->nr] = probe->offset + probe->site.offset;
		cookie.word = probe->cookie;
		cookie.fields.everywhere = everywhere;
		ret->cookies[ret->nr] = cookie.word;
		ret->counters[ret->nr] = probe->counter;
		ret->counted |= probe->counter;
		ret->nr++;
	}
}

static bool has_links(const struct attachment *attachment, pid_t pid)
{
	for (unsigned int i = 0; i < attachment->nr_links; i++)
		if (attachment->links[i].pid == pid)
			return true;
	return false;
}

/* Room for the links of one more process; NULL when out of memory. */
static struct attachment_links *new_links(struct attachment *attachment, pid_t pid)
{
	struct attachment_links *all =
		reallocarray(attachment->links, attachment->nr_links + 1, sizeof(*all));

	if (!all)
		return NULL;
	attachment->links = all;
	all[attachment->nr_links] = (struct attachment_links){.pid = pid};
	return &all[attachment->nr_links];
}

static int attach(const struct kernel *kernel, const struct caps *caps, pid_t pid,
		  struct attachment *attachment, struct diag *diag)
{
	const struct object *object = attachment->probes.object;
	struct attachment_links *links;
	int err = 0;

	if (has_links(attachment, pid))
		return 0;
	links = new_links(attachment, pid);
	if (!links)
		return diag_fail(diag, -ENOMEM, "out of memory");
	for (int shape = NR_KERNEL_PROGRAMS - 1; shape >= 0 && !err; shape--) {
		struct sites sites;

		collect_sites(&attachment->probes, shape, !pid, &sites);
		if (sites.nr)
			err = link_set_add(&links->set, kernel, caps, shape, object,
					   &(struct link_sites){.offsets = sites.offsets,
								.cookies = sites.cookies,
								.counters = sites.counted
										    ? sites.counters
										    : NULL,
								.nr = sites.nr,
								.pid = pid});
	}
	if (err) {
		link_set_close(&links->set);
		return link_set_explain(object, pid, err, diag);
	}
	attachment->nr_links++;
	return 0;
}

/* The probes of @object, when another process maps it too. */
static struct attachment *find(const struct attachments *attachments, const struct object *object)
{
	for (unsigned int i = 0; i < attachments->nr; i++)
		if (attachments->all[i].probes.object == object)
			return &attachments->all[i];
	return NULL;
}

/* A new attachment of @probes, which it takes, to process @pid. */
static int add(struct attachments *attachments, const struct kernel *kernel,
	       const struct caps *caps, struct probes *probes, pid_t pid, struct diag *diag)
{
	struct attachment *all, *attachment;
	int err;

	all = reallocarray(attachments->all, attachments->nr + 1, sizeof(*all));
	if (all)
		attachments->all = all;
	if (!all || attachments->nr == HT_MAX_ALLOCATORS) {
		diag_fail(diag, all ? -E2BIG : -ENOMEM,
			  "%s would be allocator %u of this recording, and %u is the most: "
			  "watch fewer kinds of containers at once",
			  probes->object->path, attachments->nr + 1, HT_MAX_ALLOCATORS);
		probes_done(probes);
		return all ? -E2BIG : -ENOMEM;
	}
	kernel_own_code(kernel)[attachments->nr] = probes->own;
	attachment = &all[attachments->nr];
	*attachment = (struct attachment){.probes = *probes};
	err = attach(kernel, caps, pid, attachment, diag);
	if (err) {
		free(attachment->links);
		probes_done(&attachment->probes);
		return err;
	}
	attachments->nr++;
	return 1;
}

int attachments_add(struct attachments *attachments, const struct kernel *kernel,
		    const struct caps *caps, struct object *object, bool is_exe, pid_t pid,
		    struct diag *diag)
{
	uint8_t lacks = is_exe ? OBJECT_LACKS_OWN : OBJECT_LACKS_ALLOCATOR;
	struct attachment *attachment = find(attachments, object);
	struct probes probes;

	if (attachment)
		return attach(kernel, caps, pid, attachment, diag) ?: 1;
	if (object->lacks & lacks)
		return 0;
	if (probes_find(object, is_exe, attachments->nr * HT_ALLOCATOR_PROBES, &probes, NULL) ||
	    !probes.nr) {
		object->lacks |= lacks;
		return 0;
	}
	return add(attachments, kernel, caps, &probes, pid, diag);
}

/* Where the arguments are goes into the programs' table; what finds no room there is not probed. */
static void place_told(struct attachments *attachments, const struct kernel *kernel,
		       struct probes *probes)
{
	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *probe = &probes->probes[i];
		struct ht_cookie cookie;

		if (probe->state != PROBE_USED)
			continue;
		if (attachments->nr_told == HT_MAX_TOLD) {
			probe->state = PROBE_NUMBERLESS;
			continue;
		}
		memcpy(&cookie, &probe->cookie, sizeof(cookie));
		cookie.site = attachments->nr_told++;
		memcpy(&probe->cookie, &cookie, sizeof(cookie));
		kernel_told(kernel)[cookie.site] = probe->told;
	}
}

int attachments_add_told(struct attachments *attachments, const struct kernel *kernel,
			 const struct caps *caps, struct object *object, pid_t pid,
			 struct diag *diag)
{
	struct attachment *attachment = find(attachments, object);
	struct probes probes;

	if (attachment)
		return attach(kernel, caps, pid, attachment, diag) ?: 1;
	if (!told_probes_exist(object) ||
	    told_probes_find(object, attachments->nr * HT_ALLOCATOR_PROBES, &probes, NULL))
		return 0;
	place_told(attachments, kernel, &probes);
	return add(attachments, kernel, caps, &probes, pid, diag);
}

void attachments_leave(struct attachments *attachments, pid_t pid)
{
	for (unsigned int i = 0; i < attachments->nr; i++) {
		struct attachment *attachment = &attachments->all[i];

		for (unsigned int k = 0; k < attachment->nr_links; k++) {
			struct attachment_links *links = &attachment->links[k];

			if (links->pid != pid)
				continue;
			link_set_leave(&links->set);
			*links = attachment->links[--attachment->nr_links];
			k--;
		}
	}
}

/* Links of all files and processes are closed at once: each waits for the kernel. */
void attachments_detach(struct attachments *attachments)
{
	unsigned int nr = 0;
	int *fds = NULL;

	for (unsigned int i = 0; i < attachments->nr; i++)
		for (unsigned int k = 0; k < attachments->all[i].nr_links; k++)
			nr += attachments->all[i].links[k].set.nr;
	fds = calloc(nr ?: 1, sizeof(*fds));
	nr = 0;
	for (unsigned int i = 0; i < attachments->nr; i++)
		for (unsigned int k = 0; k < attachments->all[i].nr_links; k++) {
			struct attachment_links *links = &attachments->all[i].links[k];

			if (!fds) {
				link_set_close(&links->set);
				continue;
			}
			memcpy(fds + nr, links->set.fds, links->set.nr * sizeof(*fds));
			nr += links->set.nr;
			links->set.nr = 0;
		}
	if (fds)
		links_close(fds, nr);
	free(fds);
}

void attachments_done(struct attachments *attachments)
{
	attachments_detach(attachments);
	for (unsigned int i = 0; i < attachments->nr; i++) {
		free(attachments->all[i].links);
		probes_done(&attachments->all[i].probes);
	}
	free(attachments->all);
	memset(attachments, 0, sizeof(*attachments));
}

int attachments_choose(const struct attachments *attachments, const struct space *space,
		       struct choice *ret)
{
	const struct probes *all[HT_MAX_ALLOCATORS];

	for (unsigned int i = 0; i < attachments->nr; i++)
		all[i] = &attachments->all[i].probes;
	return choice_make(space, all, attachments->nr, ret);
}

bool attachments_are_told(const struct attachments *attachments)
{
	return attachments->nr_told > 0;
}

bool attachments_have(const struct attachments *attachments, const struct object *object)
{
	return find(attachments, object);
}

/* The live mapping of @object that holds file offset @offset, else a retired one. */
static uint32_t mapping_of(const struct space *space, const struct object *object, uint64_t offset)
{
	uint32_t found = SPACE_NONE;

	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		const struct mapping *m = &space->mappings[i];

		if (m->object != object || offset < m->offset ||
		    offset - m->offset >= m->end - m->start)
			continue;
		found = i;
		if (m->live)
			break;
	}
	return found;
}

void attachments_function(const struct attachments *attachments, unsigned int number,
			  const struct space *space, struct attached_function *ret)
{
	*ret = (struct attached_function){.symbol = "[allocator]", .mapping = SPACE_NONE};
	for (unsigned int i = 0; i < attachments->nr; i++) {
		const struct probes *probes = &attachments->all[i].probes;
		const struct probe *probe;

		if (number < probes->first || number - probes->first >= HT_ALLOCATOR_PROBES)
			continue;
		probe = probes_at(probes, number);
		if (!probe)
			continue;
		ret->symbol = probe_symbol(probe);
		if (probes->told) /* a place in a function, not one */
			return;
		ret->mapping = mapping_of(space, probes->object, probe->offset);
		if (ret->mapping != SPACE_NONE)
			ret->address = space->mappings[ret->mapping].start + probe->offset -
				       space->mappings[ret->mapping].offset;
	}
}

double attachments_stepped_share(const struct attachments *attachments)
{
	unsigned int nr = 0, nr_stepped = 0;

	for (unsigned int i = 0; i < attachments->nr; i++)
		for (unsigned int k = 0; k < attachments->all[i].probes.nr; k++) {
			const struct probe *probe = &attachments->all[i].probes.probes[k];

			if (probe->state != PROBE_USED)
				continue;
			nr++;
			nr_stepped += probe->site.class == PROBE_SITE_STEPPED;
		}
	return nr ? (double)nr_stepped / nr : 0;
}
