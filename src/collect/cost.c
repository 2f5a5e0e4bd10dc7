// SPDX-License-Identifier: Apache-2.0
/*
 * Calibration: own functions are called in a loop with a probe, in turns, and the median of the
 * turns counts: what a target pays is not the best case. The call itself is in the figure, 2 ns of
 * hundreds. It is not taken away: a probe that caps.c tried there may not have gone yet, since
 * removing one takes the kernel its time, and then the call would seem to cost a trap.
 */
#include "collect/cost.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect/links.h"
#include "collect/own_code.h"
#include "util/clock.h"

#define CALLS 500
#define TURNS 7

/* What the kernel takes to call a program for a page fault, and to count one: measured by
 * tests/bench/page_cost.py with a program that does nothing. */
#define FAULT_SAMPLE_NS 120
#define FAULT_COUNT_NS	20

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Nanoseconds a call takes. */
static double time_calls(uint64_t (*function)(uint64_t))
{
	double turns[TURNS];

	for (int turn = 0; turn < TURNS; turn++) {
		double begin = clock_now_ns();

		for (int i = 0; i < CALLS; i++)
			function(i);
		turns[turn] = (clock_now_ns() - begin) / CALLS;
	}
	qsort(turns, TURNS, sizeof(turns[0]), compare);
	return turns[TURNS / 2];
}

/* A program that returns 0, so that a session's return probe fires too. */
static int load_empty(uint32_t attach_type)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "heaptap_cost", "GPL", code,
			       sizeof(code) / sizeof(code[0]), &opts);

	return fd < 0 ? -errno : fd;
}

/* What a probe adds to a call of @function; with @session entry and return. */
static int time_probe(const struct caps *caps, uint64_t (*function)(uint64_t), bool with_return,
		      double *ret_ns)
{
	bool multi = caps->has[CAPS_multi], session = with_return && caps->has[CAPS_session];
	uint32_t type = session ? LINK_UPROBE_SESSION : multi ? LINK_UPROBE_MULTI : 0;
	uint64_t offset, cookie = 0;
	struct link_sites sites = {.path = "/proc/self/exe",
				   .offsets = &offset,
				   .cookies = &cookie,
				   .nr = 1,
				   .pid = getpid()};
	int fds[4] = {-1, -1, -1, -1}, err, program = load_empty(type);

	err = program < 0 ? program : own_code_offset(function, &offset);
	if (!err || err > 0)
		err = 0;
	if (!err && multi)
		err = fds[0] = link_multi(program, type, false, &sites);
	else if (!err)
		err = link_perf(program, false, &sites, 0, fds);
	if (err >= 0 && with_return && !session && multi)
		err = fds[2] = link_multi(program, type, true, &sites);
	else if (err >= 0 && with_return && !session)
		err = link_perf(program, true, &sites, 0, fds + 2);
	if (err >= 0)
		*ret_ns = time_calls(function);
	links_close(fds, 4);
	if (program >= 0)
		close(program);
	return err < 0 ? err : 0;
}

int cost_calibrate(const struct caps *caps, struct cost_traps *ret)
{
	double both = 0;
	int err = time_probe(caps, own_code_emulated, false, &ret->emulated);

	err = err ?: time_probe(caps, own_code_stepped, false, &ret->stepped);
	err = err ?: time_probe(caps, own_code_emulated, true, &both);
	ret->on_return = both > ret->emulated ? both - ret->emulated : 0;
	return err;
}

struct cost_calibration {
	pthread_t thread;
	struct caps caps;
	struct cost_traps traps;
	int err;
	bool joined;
	atomic_bool done;
};

static void *calibrate(void *arg)
{
	struct cost_calibration *calibration = arg;

	calibration->err = cost_calibrate(&calibration->caps, &calibration->traps);
	atomic_store(&calibration->done, true);
	return NULL;
}

struct cost_calibration *cost_calibration_new(const struct caps *caps)
{
	struct cost_calibration *calibration = calloc(1, sizeof(*calibration));

	if (!calibration)
		return NULL;
	calibration->caps = *caps;
	if (pthread_create(&calibration->thread, NULL, calibrate, calibration)) {
		free(calibration);
		return NULL;
	}
	return calibration;
}

static void join(struct cost_calibration *calibration)
{
	if (!calibration->joined)
		pthread_join(calibration->thread, NULL);
	calibration->joined = true;
}

void cost_calibration_free(struct cost_calibration *calibration)
{
	if (!calibration)
		return;
	join(calibration);
	free(calibration);
}

int cost_calibration_result(struct cost_calibration *calibration, bool wait, struct cost_traps *ret)
{
	if (!calibration)
		return -ENOMEM;
	if (wait)
		join(calibration);
	else if (!atomic_load(&calibration->done))
		return -EAGAIN;
	*ret = calibration->traps;
	return calibration->err;
}

double cost_of_fault_samples(const struct ht_stats *stats)
{
	return (double)stats->count[HT_COUNT_fault_ns] +
	       (double)stats->count[HT_COUNT_fault_runs] * FAULT_SAMPLE_NS;
}

double cost_of_pages(const struct ht_stats *stats)
{
	return (double)stats->count[HT_COUNT_fault_ns] +
	       (double)stats->count[HT_COUNT_fault_samples] * FAULT_SAMPLE_NS +
	       (double)stats->count[HT_COUNT_faults] * FAULT_COUNT_NS;
}

double cost_of_run(const struct cost_traps *traps, const struct ht_stats *stats,
		   double stepped_share)
{
	double hits = stats->count[HT_COUNT_hits], returns = stats->count[HT_COUNT_returns];
	double timed = stats->count[HT_COUNT_timed], ns = stats->count[HT_COUNT_timed_ns];
	double entry = traps->emulated + stepped_share * (traps->stepped - traps->emulated);

	return (hits - returns) * entry + returns * traps->on_return +
	       (timed > 0 ? hits * ns / timed : 0) + cost_of_pages(stats);
}
