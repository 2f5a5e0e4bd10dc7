// SPDX-License-Identifier: Apache-2.0
/* What a session has recorded, and of whom. */
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "collect/arenas.h"
#include "collect/children.h"
#include "collect/ended.h"
#include "collect/javascript_report.h"
#include "collect/session_state.h"
#include "util/clock.h"

const struct target *session_target(const struct session *session)
{
	return &session->processes.all[0]->target;
}

unsigned int session_nr_targets(const struct session *session)
{
	return session->processes.nr;
}

void session_sums(const struct session *session, struct session_sums *ret)
{
	const struct watch_list *processes = &session->processes;
	const struct watch_past *past = &processes->past;

	*ret = (struct session_sums){
		.nr_targets = processes->nr + past->nr,
		.cpu_ns = past->cpu_ns,
		.rss_anon = past->rss_anon,
		.swap = past->swap,
		.rss_anon_change = past->rss_anon_change,
	};
	for (unsigned int i = 0; i < processes->nr; i++) {
		const struct target *target = &processes->all[i]->target;

		ret->cpu_ns += target->cpu_ns - target->cpu_start_ns;
		ret->rss_anon += target->memory.rss_anon;
		ret->swap += target->memory.swap;
		ret->rss_anon_change += target_rss_change(target);
	}
}

const struct members *session_members(const struct session *session)
{
	return &session->members;
}

void session_children(const struct session *session, struct session_children *ret)
{
	children_summary(&session->processes, &ret->nr_missed, &ret->late_ns);
}

const struct target *session_target_at(const struct session *session, unsigned int index)
{
	return &session->processes.all[index]->target;
}

const struct target *session_target_of(const struct session *session, uint32_t tgid, uint32_t epoch)
{
	return &watch_list_at(&session->processes, tgid, epoch)->target;
}

const struct choice *session_choice(const struct session *session)
{
	return &session->processes.all[0]->choice;
}

const struct attachments *session_attachments(const struct session *session)
{
	return &session->attachments;
}

const struct v8_source *session_v8(const struct session *session)
{
	return &session->v8;
}

/* Files of several processes are read once: most have the same. */
uint32_t session_arenas(const struct session *session)
{
	const struct watch_list *processes = &session->processes;
	const struct object **seen = NULL;
	uint32_t arenas = 0;
	size_t nr = 0;

	for (unsigned int i = 0; i < processes->nr; i++) {
		const struct watched *watched = processes->all[i];
		const struct object **all =
			reallocarray(seen, nr + watched->nr_examined + 1, sizeof(*seen));

		if (!all)
			break;
		seen = all;
		for (unsigned int k = 0; k < watched->nr_examined; k++) {
			size_t at = 0;

			while (at < nr && seen[at] != watched->examined[k])
				at++;
			if (at < nr)
				continue;
			seen[nr++] = watched->examined[k];
			arenas |= arenas_in(watched->examined[k]);
		}
	}
	free(seen);
	return arenas;
}

double session_stepped_share(const struct session *session)
{
	return source_is_v8(session->v8.source) ? v8_probes_stepped_share(&session->v8.probes)
						: attachments_stepped_share(&session->attachments);
}

void session_measure(struct session *session)
{
	const struct watch_list *processes = &session->processes;

	for (unsigned int i = 0; i < processes->nr; i++)
		watched_measure(processes->all[i], session->kernel);
}

void session_javascript(const struct session *session, struct javascript_report *ret)
{
	javascript_report(&session->processes, ret);
}

uint64_t session_map_bytes(const struct session *session)
{
	return kernel_map_bytes(session->kernel);
}

void session_tables(const struct session *session, struct tables_stats *ret)
{
	tables_stats(session->tables, ret);
}

/* A process that has ended held what it held to its end. */
static uint64_t until_ns(const void *arg, uint32_t tgid, uint32_t epoch)
{
	const struct session *session = arg;

	return ended_until_ns(&session->processes, tgid, epoch);
}

/* What processes have mapped themselves. */
static void add_mmaps(struct session *session, const struct snapshot_images *images,
		      uint64_t min_age_ns, uint64_t now_ns, struct snapshot *ret)
{
	const struct mmaps_context context = {&session->attachments, &session->stacks,
					      &session->processes};

	ret->mmaps = session->ended.mapped;
	ret->mmaps.on = true;
	mmaps_sum(session->mmaps, session->kernel, images, min_age_ns, now_ns);
	for (uint32_t i = 0; i < ret->nr_sites; i++)
		mmaps_add_site(session->mmaps, &context, i, &ret->sites[i], &ret->mmaps);
	ret->stats.loss[HT_LOSS_mmap_lost] += mmaps_nr_unknown(session->mmaps);
}

/* Whose pages are resident now; of a frozen session, when it was. */
static void add_pages(struct session *session, const struct snapshot_images *images,
		      uint64_t min_age_ns, uint64_t now_ns, struct snapshot *ret)
{
	const struct snapshot_pages *past = &session->ended.paged;

	pages_sum(session->pages, session->kernel, images, min_age_ns, now_ns);
	pages_begin_sums(session->pages, &ret->pages);
	ret->pages.touched += past->touched;
	ret->pages.resident += past->resident;
	ret->pages.samples += past->samples;
	for (uint32_t i = 0; i < ret->nr_sites; i++)
		pages_add_site(session->pages, i, &ret->sites[i], &ret->pages);
}

int session_snapshot(struct session *session, bool aged, struct snapshot *ret)
{
	const struct snapshot_images images = {until_ns, session};
	uint64_t min_age_ns = aged ? session->ended.options.min_age_ns : 0;
	uint64_t now_ns = session->frozen_ns ?: clock_now_ns();
	bool books = session->mmaps || session->pages; /* that are here, not in the kernel */
	int err = 0;

	if (aged || books)
		err = ended_finish(&session->ended);
	if (!err && books && !session->frozen_ns)
		err = ring_buffer__consume(session->ring);
	if (err >= 0 && session->pages && !session->frozen_ns)
		err = pages_check(session->pages, session->kernel, aged);
	if (err < 0)
		return err;
	err = snapshot_take(session->kernel, &session->stacks, &images, aged, min_age_ns, now_ns,
			    ret);
	if (err)
		return err;
	if (session->mmaps)
		add_mmaps(session, &images, min_age_ns, now_ns, ret);
	if (session->pages)
		add_pages(session, &images, min_age_ns, now_ns, ret);
	snapshot_add_folded(ret, &session->ended.sum);
	if (session->v8.source == SOURCE_JS)
		v8_source_scale(&session->v8, ret);
	ret->nr_complete = ret->stats.ends[HT_STACK_complete] + session->nr_completed;
	ret->stats.loss[HT_LOSS_stack_incomplete] -= session->nr_completed;
	return 0;
}
