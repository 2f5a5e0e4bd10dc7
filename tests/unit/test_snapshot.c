// SPDX-License-Identifier: Apache-2.0
/*
 * From the kernel's fixed-point books to numbers. The kernel is played here: its maps are arrays,
 * and the functions of collect/kernel.h that a snapshot calls read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <time.h>

#include "collect/live_map.h"
#include "collect/snapshot.h"
#include "heaptap/sampling.h"

#define EPOCH 2
#define RATE  (1 << 19)

struct live {
	struct ht_live_key key;
	struct ht_live entry;
};

struct kernel {
	struct ht_site sites[4]; /* [0]: no room; [1], [2]: this image; [3]: the one before */
	struct live live[4];
	struct ht_stats stats;
	uint64_t start_ns, base_rate;
	int stats_err, live_err;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

uint64_t kernel_base_rate(const struct kernel *kernel)
{
	return kernel->base_rate;
}

uint64_t kernel_start_ns(const struct kernel *kernel)
{
	return kernel->start_ns;
}

const struct ht_site *kernel_sites(const struct kernel *kernel, uint32_t *ret_nr)
{
	*ret_nr = 4;
	return kernel->sites;
}

int kernel_stats(const struct kernel *kernel, struct ht_stats *ret)
{
	*ret = kernel->stats;
	return kernel->stats_err;
}

static const struct kernel *asked; /* whose map it is */

int kernel_live_fd(const struct kernel *kernel)
{
	asked = kernel;
	return 7;
}

int live_map_each(int map,
		  int (*visit)(const struct ht_live_key *key, const struct ht_live *entry,
			       void *arg),
		  void *arg)
{
	int err = asked->live_err;

	assert_int_equal(map, 7);
	for (int i = 0; i < 4 && !err; i++)
		err = visit(&asked->live[i].key, &asked->live[i].entry, arg);
	return err;
}

#define BYTES(n)   ((uint64_t)(n) << HT_BYTES_SHIFT)
#define OBJECTS(n) ((uint64_t)(n) << HT_OBJECTS_SHIFT)

static void fill(struct kernel *kernel)
{
	*kernel = (struct kernel){.start_ns = now_ns() - 10000000000, .base_rate = RATE};
	kernel->stats.count[HT_COUNT_allocs] = 1ULL << 40;
	kernel->stats.loss[HT_LOSS_site_full] = 9;
	kernel->sites[0] = (struct ht_site){.alloc_bytes = BYTES(77), .alloc_objects = OBJECTS(7)};
	/* a quarter byte and half an object: weights are fractions */
	kernel->sites[1] = (struct ht_site){
		.key = {.epoch = EPOCH},
		.alloc_bytes = BYTES(1ULL << 40) + (1 << HT_BYTES_SHIFT) / 4,
		.alloc_objects = OBJECTS(1000) + OBJECTS(1) / 2,
		.alloc_var = 3 << 16,
		.freed_bytes = BYTES(1ULL << 39),
		.freed_objects = OBJECTS(400),
		.freed_var = 1 << 16,
		.samples = 12,
		.sent = 1,
	};
	/* a free that is in before its allocation */
	kernel->sites[2] = (struct ht_site){
		.key = {.epoch = EPOCH},
		.alloc_bytes = BYTES(100),
		.alloc_objects = OBJECTS(1),
		.alloc_var = 1,
		.freed_bytes = BYTES(200),
		.freed_objects = OBJECTS(2),
		.freed_var = 2,
		.samples = 1,
	};
	kernel->sites[3] = (struct ht_site){
		.key = {.epoch = EPOCH - 1}, .alloc_bytes = BYTES(50), .alloc_objects = OBJECTS(5)};
}

static void check_close(double got, double wanted)
{
	if (fabs(got - wanted) > 1e-9 * fabs(wanted))
		fail_msg("%.9g, not %.9g", got, wanted);
}

/* @arg, when there: when the current image ended. */
static uint64_t until_ns(const void *arg, uint32_t tgid, uint32_t epoch)
{
	(void)tgid;
	if (epoch != EPOCH)
		return 0;
	return arg ? *(const uint64_t *)arg : UINT64_MAX;
}

static const struct snapshot_images images = {until_ns, NULL};

static void test_totals(void **state)
{
	const struct site_totals *sites;
	struct stacks stacks = {0};
	struct snapshot snapshot;
	struct site_totals total;
	struct kernel kernel;

	(void)state;
	fill(&kernel);
	assert_int_equal(snapshot_take(&kernel, &stacks, &images, false, 0, now_ns(), &snapshot),
			 0);
	assert_int_equal(snapshot.nr_sites, 4);
	assert_in_range(snapshot.watched_ns, 10000000000, 70000000000);
	assert_true(snapshot.stats.count[HT_COUNT_allocs] == 1ULL << 40);
	assert_int_equal(snapshot.stats.loss[HT_LOSS_site_full], 9);
	/* site 2 has a sample and no stack on its way, site 3 has no sample */
	assert_int_equal(snapshot.stats.loss[HT_LOSS_stack_lost], 1);
	sites = snapshot.sites;
	check_close(sites[0].alloc_bytes, 77);
	check_close(sites[0].inuse_bytes, 77);
	check_close(sites[1].alloc_bytes, ldexp(1, 40) + 0.25);
	check_close(sites[1].alloc_objects, 1000.5);
	check_close(sites[1].alloc_var, 3.0 * RATE * RATE);
	check_close(sites[1].inuse_bytes, ldexp(1, 39) + 0.25);
	check_close(sites[1].inuse_objects, 600.5);
	check_close(sites[1].inuse_var, 2.0 * RATE * RATE);
	assert_int_equal(sites[1].samples, 12);
	assert_null(sites[1].stack);
	/* never less than nothing */
	assert_true(sites[2].inuse_bytes == 0 && sites[2].inuse_objects == 0);
	assert_true(sites[2].inuse_var == 0);
	/* exec took what the old image held; that it was allocated stays true */
	check_close(sites[3].alloc_bytes, 50);
	assert_true(sites[3].inuse_bytes == 0 && sites[3].inuse_objects == 0);

	snapshot_total(&snapshot, &total);
	check_close(total.alloc_bytes, 77 + ldexp(1, 40) + 0.25 + 100 + 50);
	check_close(total.inuse_bytes, 77 + ldexp(1, 39) + 0.25);
	check_close(total.alloc_objects, 7 + 1000.5 + 1 + 5);
	check_close(total.inuse_objects, 7 + 600.5);
	assert_int_equal(total.samples, 13);
	snapshot_done(&snapshot);
	snapshot_done(&snapshot);
}

static struct live make_live(uint32_t site, uint64_t size, uint32_t epoch, uint32_t time_ms)
{
	return (struct live){
		.key = {.epoch = epoch},
		.entry = {.size = size,
			  .weight = BYTES(3 * size),
			  .site = site,
			  .time_ms = time_ms},
	};
}

/* In use is then the sum over what is old enough, by the very numbers the sites were summed with.
 */
static void test_min_age(void **state)
{
	struct stacks stacks = {0};
	struct ht_contribution c;
	struct snapshot snapshot;
	struct kernel kernel;

	(void)state;
	fill(&kernel);
	kernel.live[0] = make_live(1, 4096, EPOCH, 2000);     /* 8 s old */
	kernel.live[1] = make_live(1, 100, EPOCH, 9900);      /* young */
	kernel.live[2] = make_live(1, 1000, EPOCH - 1, 1000); /* of the old image */
	kernel.live[3] = make_live(4, 1000, EPOCH, 1000);     /* of a site not read yet */
	assert_int_equal(
		snapshot_take(&kernel, &stacks, &images, true, 5000000000, now_ns(), &snapshot), 0);
	ht_contribution(4096, BYTES(3 * 4096), RATE, &c);
	check_close(snapshot.sites[1].inuse_bytes, 3 * 4096);
	check_close(snapshot.sites[1].inuse_objects, 3);
	check_close(snapshot.sites[1].inuse_var, ldexp(c.var, -16) * RATE * RATE);
	check_close(snapshot.sites[1].alloc_objects, 1000.5);
	assert_true(snapshot.sites[1].ages.known && !snapshot.sites[0].ages.known);
	assert_in_range(snapshot.sites[1].ages.youngest_ms, 8000, 9000);
	assert_int_equal(snapshot.sites[1].ages.oldest_ms, snapshot.sites[1].ages.youngest_ms);
	assert_true(snapshot.sites[0].inuse_bytes == 0);
	snapshot_done(&snapshot);

	/* longer than the recording: nothing is so old */
	assert_int_equal(snapshot_take(&kernel, &stacks, &images, true, 3600000000000, now_ns(),
				       &snapshot),
			 0);
	for (int i = 0; i < 4; i++)
		assert_true(snapshot.sites[i].inuse_bytes == 0);
	snapshot_done(&snapshot);
}

/* What an ended image left has the age it had at its end, and stays in use. */
static void test_min_age_of_ended(void **state)
{
	struct stacks stacks = {0};
	struct snapshot snapshot;
	struct kernel kernel;
	uint64_t ended_ns;

	(void)state;
	fill(&kernel);
	ended_ns = kernel.start_ns + 4000000000;
	for (int i = 0; i < 4; i++)
		kernel.live[i] = make_live(1, 100, EPOCH - 1, 0);
	kernel.live[0] = make_live(1, 4096, EPOCH, 1000); /* 3 s old at the end */
	kernel.live[1] = make_live(1, 8192, EPOCH, 1001);
	assert_int_equal(snapshot_take(&kernel, &stacks,
				       &(struct snapshot_images){until_ns, &ended_ns}, true,
				       3000000000, now_ns(), &snapshot),
			 0);
	check_close(snapshot.sites[1].inuse_bytes, 3 * 4096);
	snapshot_done(&snapshot);

	assert_int_equal(snapshot_take(&kernel, &stacks,
				       &(struct snapshot_images){until_ns, &ended_ns}, true, 0,
				       now_ns(), &snapshot),
			 0);
	check_close(snapshot.sites[1].inuse_bytes, ldexp(1, 39) + 0.25);
	assert_int_equal(snapshot.sites[1].ages.youngest_ms, 2999);
	assert_int_equal(snapshot.sites[1].ages.oldest_ms, 3000);
	snapshot_done(&snapshot);
}

static void test_stacks_of_sites(void **state)
{
	struct ht_stack_event event = {.head = {.site = 2, .nr_pcs = 1, .probe = 4},
				       .pcs = {0x1000}};
	struct stacks stacks = {0};
	struct snapshot snapshot;
	struct kernel kernel;

	(void)state;
	fill(&kernel);
	assert_int_equal(stacks_add(&stacks, &event, NULL), 0);
	assert_int_equal(snapshot_take(&kernel, &stacks, &images, false, 0, now_ns(), &snapshot),
			 0);
	assert_null(snapshot.sites[0].stack);
	assert_null(snapshot.sites[1].stack);
	assert_ptr_equal(snapshot.sites[2].stack, stacks_at(&stacks, 2));
	snapshot_done(&snapshot);
	stacks_done(&stacks);
}

/* Nothing is handed out, and nothing leaks, when the maps cannot be read. */
static void test_errors(void **state)
{
	struct stacks stacks = {0};
	struct snapshot snapshot;
	struct kernel kernel;

	(void)state;
	fill(&kernel);
	kernel.stats_err = -EPERM;
	assert_int_equal(snapshot_take(&kernel, &stacks, &images, false, 0, now_ns(), &snapshot),
			 -EPERM);
	assert_null(snapshot.sites);
	kernel.stats_err = 0;
	kernel.live_err = -ENOMEM;
	assert_int_equal(snapshot_take(&kernel, &stacks, &images, true, 1, now_ns(), &snapshot),
			 -ENOMEM);
	assert_null(snapshot.sites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),		 cmocka_unit_test(test_min_age),
		cmocka_unit_test(test_min_age_of_ended), cmocka_unit_test(test_stacks_of_sites),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
