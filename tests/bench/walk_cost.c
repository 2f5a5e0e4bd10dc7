// SPDX-License-Identifier: Apache-2.0
/*
 * walk_cost TARGET DEPTH HITS: what it costs to take a stack of DEPTH frames by heaptap's walker
 * and by bpf_get_stack(), in the same hits of the same target (walk_target.c). Times are medians
 * less the median of timing nothing; the first tenth of the hits warms up. One line, fields with
 * tabs between: heaptap's ns and frames, bpf_get_stack's ns and frames, the share of heaptap's
 * stacks that were complete, hits measured.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/tables.h"
#include "heaptap/wire.h"
#include "proc/space.h"
#include "walk_cost.h"
#include "walk_cost.skel.h"

#define NR_MAPPINGS   1024
#define NR_CHUNKS     8
#define NR_RULES      16384
#define SLOTS_PER_CPU 8 /* as in bpf/stack.bpf.c */

static int fail(const char *what, int err)
{
	fprintf(stderr, "walk_cost: %s: %s\n", what, strerror(-err));
	return err;
}

/* The target, stopped before its first hit; -errno. */
static pid_t start_target(char *path, char *depth, char *hits)
{
	char *argv[] = {path, depth, hits, NULL};
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execv(path, argv);
		_exit(127);
	}
	if (waitpid(pid, &status, WUNTRACED) < 0)
		return -errno;
	return WIFSTOPPED(status) ? pid : -ECHILD;
}

/* All maps as large as this target needs them. */
static int load(struct walk_cost_bpf *skel)
{
	int err = bpf_map__set_max_entries(skel->maps.mappings, NR_MAPPINGS);

	err = err ?: bpf_map__set_max_entries(skel->maps.chunks, NR_CHUNKS);
	err = err ?: bpf_map__set_max_entries(skel->maps.rules, NR_RULES);
	err = err
		      ?: bpf_map__set_max_entries(skel->maps.scratch,
						  SLOTS_PER_CPU * libbpf_num_possible_cpus());
	return err ?: walk_cost_bpf__load(skel);
}

static int publish(const struct walk_cost_bpf *skel, pid_t pid, struct space *space,
		   struct tables *tables)
{
	uint32_t slot = ht_process_slot(pid);
	struct ht_process process = {.tgid = pid};
	int err = space_refresh(space, NULL);

	err = err
		      ?: tables_publish(tables, space, pid, process.generation,
					(uint64_t *)&process.mapset);
	if (!err &&
	    bpf_map_update_elem(bpf_map__fd(skel->maps.processes), &slot, &process, BPF_ANY))
		err = -errno;
	return err;
}

static int attach(struct walk_cost_bpf *skel, pid_t pid, const char *path)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = "marker");

	skel->links.walk_cost =
		bpf_program__attach_uprobe_opts(skel->progs.walk_cost, pid, path, 0, &opts);
	return skel->links.walk_cost ? 0 : -errno;
}

static int run_target(pid_t pid)
{
	int status;

	if (kill(pid, SIGCONT) || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of the 32-bit field at @offset. */
static uint32_t median(const struct walk_sample *samples, uint32_t nr, size_t offset)
{
	static uint32_t values[NR_SAMPLES_MAX];

	for (uint32_t i = 0; i < nr; i++)
		memcpy(&values[i], (const char *)&samples[i] + offset, sizeof(*values));
	qsort(values, nr, sizeof(*values), compare);
	return values[nr / 2];
}

#define MEDIAN(samples, nr, field) median(samples, nr, offsetof(struct walk_sample, field))

/* -ENODATA when the hits do not agree on how deep they are. */
static int print(const struct walk_cost_bpf *skel)
{
	static struct walk_sample all[NR_SAMPLES_MAX];
	uint32_t nr = skel->bss->walk_nr_hits, warm = nr / 10, nr_complete = 0, nothing;
	const struct walk_sample *samples = all + warm;

	for (uint32_t i = 0; i < nr; i++)
		if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.walk_samples), &i, &all[i]))
			return -errno;
	if (nr < 10)
		return -ENODATA;
	nr -= warm;
	for (uint32_t i = 0; i < nr; i++) {
		nr_complete += samples[i].walk_end == HT_STACK_complete;
		if (samples[i].walk_frames != samples[0].walk_frames ||
		    samples[i].kernel_frames != samples[0].kernel_frames)
			return -ENODATA;
	}
	nothing = MEDIAN(samples, nr, nothing_ns);
	printf("%d\t%u\t%d\t%u\t%.4f\t%u\n", (int)(MEDIAN(samples, nr, walk_ns) - nothing),
	       samples[0].walk_frames, (int)(MEDIAN(samples, nr, kernel_ns) - nothing),
	       samples[0].kernel_frames, (double)nr_complete / nr, nr);
	return 0;
}

static int measure(struct walk_cost_bpf *skel, pid_t pid, const char *path)
{
	const struct tables_maps maps = {
		.mappings = bpf_map__fd(skel->maps.mappings),
		.chunks = bpf_map__fd(skel->maps.chunks),
		.rules = bpf_map__fd(skel->maps.rules),
		.pc_cache = bpf_map__fd(skel->maps.pc_cache),
		.nr_mappings = NR_MAPPINGS,
		.nr_chunks = NR_CHUNKS,
		.nr_rules = NR_RULES,
	};
	struct space *space = space_new(pid, NULL);
	struct tables *tables = NULL;
	int err = space ? tables_new(&maps, &tables) : -ENOMEM;

	err = err ?: publish(skel, pid, space, tables);
	err = err ?: attach(skel, pid, path);
	err = err ?: run_target(pid);
	tables_free(tables);
	space_free(space);
	return err ?: print(skel);
}

int main(int argc, char **argv)
{
	struct walk_cost_bpf *skel;
	pid_t pid;
	int err;

	if (argc != 4) {
		fprintf(stderr, "usage: %s TARGET DEPTH HITS\n", argv[0]);
		return 2;
	}
	pid = start_target(argv[1], argv[2], argv[3]);
	if (pid < 0)
		return fail(argv[1], pid) != 0;
	skel = walk_cost_bpf__open();
	err = skel ? load(skel) : -errno;
	if (err)
		fail("loading", err);
	else if ((err = measure(skel, pid, argv[1])))
		fail("measuring", err);
	walk_cost_bpf__destroy(skel);
	kill(pid, SIGKILL);
	return err != 0;
}
