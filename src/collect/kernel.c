// SPDX-License-Identifier: Apache-2.0
/*
 * Loading the BPF object, and what both sides share while it runs.
 */
#include "collect/kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/links.h"
#include "collect/map_sizes.h"
#include "collect/sampling_tables.h"
#include "heaptap.skel.h"
#include "heaptap/sampling.h"
#include "heaptap/unwind.h"
#include "proc/pids.h"
#include "util/clock.h"

struct kernel {
	struct heaptap_bpf *skel;
	struct caps caps;
	uint32_t programs; /* KERNEL_PROGRAMS_* */
	bool empty_programs, mmaps, pages;
	struct bpf_program *page_program; /* NULL: none */
	struct map_sizes sizes;
	struct ht_site *sites;
	size_t sites_size;
	struct ht_process *processes; /* HT_MAX_PROCESSES, shared with the programs */
	struct ht_v8 *v8s;	      /* HT_MAX_V8, likewise */
	struct ht_own_code *own_code; /* HT_MAX_ALLOCATORS, likewise */
	struct ht_told *told;	      /* HT_MAX_TOLD, likewise */
};

#define PROCESSES_SIZE (HT_MAX_PROCESSES * sizeof(struct ht_process))
#define V8S_SIZE       (HT_MAX_V8 * sizeof(struct ht_v8))
#define OWN_CODE_SIZE  (HT_MAX_ALLOCATORS * sizeof(struct ht_own_code))
#define TOLD_SIZE      (HT_MAX_TOLD * sizeof(struct ht_told))

static uint64_t round_up(uint64_t n, uint64_t step)
{
	return (n + step - 1) / step * step;
}

/* Programs of one shape: [SIDE_SESSION, SIDE_ENTRY, SIDE_RETURN]. */
static void programs_of(const struct kernel *kernel, enum kernel_program program,
			struct bpf_program *ret[NR_PROBE_SIDES])
{
	struct heaptap_bpf *skel = kernel->skel;
	struct bpf_program *all[NR_KERNEL_PROGRAMS][NR_PROBE_SIDES] = {
		[PROGRAM_ALLOC] = {skel->progs.alloc_session, skel->progs.alloc_entry,
				   skel->progs.alloc_return},
		[PROGRAM_ALLOC_OUT] = {skel->progs.alloc_out_session, skel->progs.alloc_out_entry,
				       skel->progs.alloc_out_return},
		[PROGRAM_REALLOC] = {skel->progs.realloc_session, skel->progs.realloc_entry,
				     skel->progs.realloc_return},
		[PROGRAM_FREE] = {NULL, skel->progs.free_entry, NULL},
		[PROGRAM_TOLD_ALLOC] = {NULL, skel->progs.told_alloc, NULL},
		[PROGRAM_TOLD_FREE] = {NULL, skel->progs.told_free, NULL},
		[PROGRAM_LOADER] = {NULL, skel->progs.loader_state, NULL},
		[PROGRAM_MOVES] = {NULL, skel->progs.v8_moves, NULL},
		[PROGRAM_GC_START] = {NULL, skel->progs.gc_start, NULL},
		[PROGRAM_GC_PERFORM] = {NULL, skel->progs.gc_perform, NULL},
		[PROGRAM_GC_SIZE] = {NULL, NULL, skel->progs.gc_size},
		[PROGRAM_GC_STOP] = {NULL, skel->progs.gc_stop, NULL},
		[PROGRAM_JS] = {skel->progs.js_session, skel->progs.js_entry,
				skel->progs.js_return},
		[PROGRAM_GC_CYCLE] = {NULL, skel->progs.gc_cycle, NULL},
	};

	memcpy(ret, all[program], sizeof(all[program]));
}

struct bpf_program *kernel_program(const struct kernel *kernel, enum kernel_program program,
				   enum probe_side side)
{
	struct bpf_program *sides[NR_PROBE_SIDES];
	bool session = kernel->caps.has[CAPS_session];

	programs_of(kernel, program, sides);
	if (!sides[side] || !(kernel->programs >> program & 1))
		return NULL;
	if (sides[SIDE_SESSION] && session != (side == SIDE_SESSION))
		return NULL;
	if (kernel->empty_programs && program != PROGRAM_LOADER && program != PROGRAM_MOVES)
		return side == SIDE_SESSION ? kernel->skel->progs.empty_session
					    : kernel->skel->progs.empty;
	return sides[side];
}

/* The one that asks the kernel whether a page is mapped, where it tells. */
static struct bpf_program *choose_page_program(const struct kernel *kernel)
{
	struct btf *btf;
	bool tells;

	if (!kernel->pages)
		return NULL;
	btf = btf__load_vmlinux_btf();
	tells = btf && btf__find_by_name_kind(btf, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC) > 0;
	btf__free(btf);
	return tells ? kernel->skel->progs.page_fault : kernel->skel->progs.page_fault_reading;
}

/* Loads what will be attached, with the attach type it will be attached by. */
static void choose_programs(struct kernel *kernel)
{
	struct heaptap_bpf *skel = kernel->skel;
	const uint32_t types[NR_PROBE_SIDES] = {
		[SIDE_SESSION] = LINK_UPROBE_SESSION,
		[SIDE_ENTRY] = kernel->caps.has[CAPS_multi] ? LINK_UPROBE_MULTI : 0,
		[SIDE_RETURN] = kernel->caps.has[CAPS_multi] ? LINK_UPROBE_MULTI : 0,
	};
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj) bpf_program__set_autoload(program, false);
	bpf_program__set_autoload(skel->progs.thread_exit, true);
	bpf_program__set_autoload(skel->progs.process_exec, true);
	bpf_program__set_autoload(skel->progs.process_fork, true);
	bpf_program__set_autoload(skel->progs.process_exit, true);
	bpf_program__set_autoload(skel->progs.task_info, true);
	bpf_program__set_autoload(skel->progs.gc_thread_exit,
				  kernel->programs & ~KERNEL_PROGRAMS_MALLOC);
	bpf_program__set_autoload(skel->progs.syscall_begins, kernel->mmaps);
	bpf_program__set_autoload(skel->progs.syscall_done, kernel->mmaps);
	kernel->page_program = choose_page_program(kernel);
	if (kernel->page_program)
		bpf_program__set_autoload(kernel->page_program, true);
	for (int p = 0; p < NR_KERNEL_PROGRAMS; p++)
		for (int side = 0; side < NR_PROBE_SIDES; side++) {
			program = kernel_program(kernel, p, side);
			if (!program)
				continue;
			bpf_program__set_autoload(program, true);
			bpf_program__set_expected_attach_type(program, types[side]);
		}
}

static void set_pid_namespace(struct heaptap_bpf *skel)
{
	struct pids_namespace own;

	pids_namespace(&own);
	skel->rodata->ht_pid_ns_dev = own.dev;
	skel->rodata->ht_pid_ns_ino = own.ino;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The rings about mappings and page faults exist only where they are used. */
static int set_ring(struct bpf_map *ring, bool used, uint32_t size)
{
	return used ? bpf_map__set_max_entries(ring, size) : bpf_map__set_autocreate(ring, false);
}

static int set_sizes(struct kernel *kernel, const struct kernel_options *options)
{
	struct heaptap_bpf *skel = kernel->skel;
	uint64_t nr_cpus = libbpf_num_possible_cpus();
	uint64_t slots = nr_cpus * bpf_map__max_entries(skel->maps.scratch);
	uint32_t user_ring = map_sizes_user_ring(options->map_memory);
	uint64_t fixed = slots * bpf_map__value_size(skel->maps.scratch) +
			 nr_cpus * sizeof(struct ht_stats) +
			 MAP_SIZES_NR_MAPPINGS * sizeof(struct ht_mapping) +
			 MAP_SIZES_NR_RULES * sizeof(uint64_t) +
			 (sizeof(uint64_t) << HT_PC_CACHE_SHIFT) + (256 << 10) +
			 (uint64_t)(kernel->mmaps + kernel->pages) * user_ring;
	int err;

	map_sizes_choose(options->map_memory, fixed, &kernel->sizes);
	skel->rodata->ht_nr_sites = kernel->sizes.nr_sites;
	skel->rodata->ht_nr_slots = slots;
	err = bpf_map__set_max_entries(skel->maps.live, kernel->sizes.nr_live);
	err = err ?: bpf_map__set_max_entries(skel->maps.site_index, kernel->sizes.nr_sites);
	err = err ?: bpf_map__set_max_entries(skel->maps.sites, kernel->sizes.nr_sites);
	err = err ?: bpf_map__set_max_entries(skel->maps.free_sites, kernel->sizes.nr_sites);
	err = err ?: bpf_map__set_max_entries(skel->maps.events, kernel->sizes.ring_size);
	err = err ?: set_ring(skel->maps.mapping_events, kernel->mmaps, user_ring);
	err = err ?: set_ring(skel->maps.page_events, kernel->pages, user_ring);
	err = err ?: bpf_map__set_max_entries(skel->maps.mappings, MAP_SIZES_NR_MAPPINGS);
	err = err ?: bpf_map__set_max_entries(skel->maps.rules, MAP_SIZES_NR_RULES);
	err = err ?: bpf_map__set_max_entries(skel->maps.chunks, kernel->sizes.nr_chunks);
	return err ?: bpf_map__set_max_entries(skel->maps.scratch, slots);
}

/* A map's array that both sides have in memory. */
struct shared_array {
	const struct bpf_map *map;
	size_t size;
	void **memory;
};
#define NR_SHARED_ARRAYS 5

static void shared_arrays(struct kernel *kernel, struct shared_array ret[NR_SHARED_ARRAYS])
{
	const struct heaptap_bpf *skel = kernel->skel;
	const struct shared_array all[NR_SHARED_ARRAYS] = {
		{skel->maps.sites, kernel->sites_size, (void **)&kernel->sites},
		{skel->maps.processes, PROCESSES_SIZE, (void **)&kernel->processes},
		{skel->maps.v8s, V8S_SIZE, (void **)&kernel->v8s},
		{skel->maps.own_code, OWN_CODE_SIZE, (void **)&kernel->own_code},
		{skel->maps.told, TOLD_SIZE, (void **)&kernel->told},
	};

	memcpy(ret, all, sizeof(all));
}

static int map_memory(struct kernel *kernel)
{
	struct shared_array all[NR_SHARED_ARRAYS];

	kernel->sites_size =
		round_up(kernel->sizes.nr_sites * sizeof(struct ht_site), sysconf(_SC_PAGESIZE));
	shared_arrays(kernel, all);
	for (int i = 0; i < NR_SHARED_ARRAYS; i++) {
		void *memory = mmap(NULL, all[i].size, PROT_READ | PROT_WRITE, MAP_SHARED,
				    bpf_map__fd(all[i].map), 0);

		if (memory == MAP_FAILED)
			return -errno;
		*all[i].memory = memory;
	}
	return 0;
}

static void unmap_memory(struct kernel *kernel)
{
	struct shared_array all[NR_SHARED_ARRAYS];

	shared_arrays(kernel, all);
	for (int i = 0; i < NR_SHARED_ARRAYS; i++)
		if (*all[i].memory)
			munmap(*all[i].memory, all[i].size);
}

int kernel_new(const struct kernel_options *options, struct diag *diag, struct kernel **ret)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int err = -ENOMEM;

	if (!kernel)
		return diag_fail(diag, err, "out of memory");
	if (!options->verbose)
		libbpf_set_print(print_nothing);
	kernel->caps = options->caps;
	kernel->programs = options->programs;
	kernel->empty_programs = options->empty_programs;
	kernel->mmaps = options->mmaps;
	kernel->pages = options->pages;
	kernel->skel = heaptap_bpf__open();
	if (!kernel->skel) {
		err = -errno;
		diag_fail(diag, err, "cannot open the BPF programs: %s", strerror(errno));
		goto out;
	}
	set_pid_namespace(kernel->skel);
	kernel->skel->rodata->ht_base_rate = sampling_base_rate(options->rate, options->governed);
	kernel->skel->rodata->ht_copy_every = options->copy_every;
	kernel->skel->rodata->ht_gc_stacks = options->gc_stacks;
	kernel->skel->data->ht_rates[0] = options->rate;
	sampling_tables_fill(kernel->skel->rodata->ht_weight_table,
			     kernel->skel->rodata->ht_ln_table);
	choose_programs(kernel);
	err = set_sizes(kernel, options);
	err = err ?: heaptap_bpf__load(kernel->skel);
	err = err
		      ?: sampling_seed(bpf_map__fd(kernel->skel->maps.countdown), options->rate,
				       kernel->skel->rodata->ht_ln_table);
	err = err ?: map_memory(kernel);
	if (err)
		diag_fail(
			diag, err,
			"the kernel does not load the BPF programs: %s; `heaptap check` says what is "
			"missing, -v shows the kernel's own words",
			strerror(-err));
out:
	if (err) {
		kernel_free(kernel);
		return err;
	}
	*ret = kernel;
	return 0;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->skel)
		unmap_memory(kernel);
	heaptap_bpf__destroy(kernel->skel);
	free(kernel);
}

/* 0 also when it is not loaded. */
static int attach(struct bpf_program *program, struct bpf_link **ret)
{
	if (!bpf_program__autoload(program))
		return 0;
	*ret = bpf_program__attach(program);
	return *ret ? 0 : -errno;
}

int kernel_attach_process_events(struct kernel *kernel)
{
	struct heaptap_bpf *skel = kernel->skel;
	int err = attach(skel->progs.thread_exit, &skel->links.thread_exit);

	err = err ?: attach(skel->progs.process_exec, &skel->links.process_exec);
	err = err ?: attach(skel->progs.process_fork, &skel->links.process_fork);
	err = err ?: attach(skel->progs.process_exit, &skel->links.process_exit);
	err = err ?: attach(skel->progs.gc_thread_exit, &skel->links.gc_thread_exit);
	err = err ?: attach(skel->progs.syscall_done, &skel->links.syscall_done);
	return err ?: attach(skel->progs.syscall_begins, &skel->links.syscall_begins);
}

void kernel_detach_system_calls(struct kernel *kernel)
{
	struct heaptap_bpf *skel = kernel->skel;

	bpf_link__destroy(skel->links.syscall_begins);
	bpf_link__destroy(skel->links.syscall_done);
	skel->links.syscall_begins = skel->links.syscall_done = NULL;
}

int kernel_set_rate(struct kernel *kernel, uint64_t rate)
{
	uint32_t next = kernel->skel->bss->ht_rate_now + 1;

	if (next >= HT_NR_RATES - 1) /* the last number is none: see carry() in alloc.bpf.c */
		return -ENOSPC;
	kernel->skel->data->ht_rates[next] = rate;
	__atomic_store_n(&kernel->skel->bss->ht_rate_now, next, __ATOMIC_RELEASE);
	return 0;
}

volatile int64_t *kernel_credit(const struct kernel *kernel)
{
	return (volatile int64_t *)&kernel->skel->data->ht_credit;
}

void kernel_enable(struct kernel *kernel, enum ht_enabled enabled)
{
	if (enabled == HT_ENABLED)
		kernel->skel->data->ht_start_ns = clock_now_ns();
	__atomic_store_n(&kernel->skel->bss->ht_enabled, (uint8_t)enabled, __ATOMIC_RELEASE);
}

uint32_t kernel_epoch_next(struct kernel *kernel)
{
	return __atomic_add_fetch(&kernel->skel->bss->ht_last_epoch, 1, __ATOMIC_ACQ_REL);
}

struct ht_v8 *kernel_v8s(struct kernel *kernel)
{
	return kernel->v8s;
}

struct ht_own_code *kernel_own_code(const struct kernel *kernel)
{
	return kernel->own_code;
}

struct ht_told *kernel_told(const struct kernel *kernel)
{
	return kernel->told;
}

struct ht_process *kernel_processes(const struct kernel *kernel)
{
	return kernel->processes;
}

uint64_t kernel_base_rate(const struct kernel *kernel)
{
	return kernel->skel->rodata->ht_base_rate;
}

uint64_t kernel_start_ns(const struct kernel *kernel)
{
	return kernel->skel->data->ht_start_ns;
}

uint64_t kernel_map_bytes(const struct kernel *kernel)
{
	return kernel->sizes.bytes;
}

const struct ht_site *kernel_sites(const struct kernel *kernel, uint32_t *ret_nr)
{
	uint32_t next = kernel->skel->data->ht_next_site;

	*ret_nr = next < kernel->sizes.nr_sites ? next : kernel->sizes.nr_sites;
	return kernel->sites;
}

int kernel_site_recycle(struct kernel *kernel, uint32_t index)
{
	const struct heaptap_bpf *skel = kernel->skel;
	struct ht_site *site = &kernel->sites[index];

	if (bpf_map_delete_elem(bpf_map__fd(skel->maps.site_index), &site->key) && errno != ENOENT)
		return -errno;
	memset(site, 0, sizeof(*site));
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.free_sites), NULL, &index, BPF_ANY))
		return -errno;
	return 0;
}

void kernel_tell_all_execs(struct kernel *kernel)
{
	__atomic_store_n(&kernel->skel->bss->ht_all_execs, true, __ATOMIC_RELEASE);
}

int kernel_stats(const struct kernel *kernel, struct ht_stats *ret)
{
	int nr_cpus = libbpf_num_possible_cpus(), err = 0;
	struct ht_stats *all = calloc(nr_cpus, sizeof(*all));

	if (!all)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.stats), &(uint32_t){0}, all))
		err = -errno;
	memset(ret, 0, sizeof(*ret));
	for (int cpu = 0; cpu < nr_cpus && !err; cpu++) {
		for (int i = 0; i < HT_NR_COUNTS; i++)
			ret->count[i] += all[cpu].count[i];
		for (int i = 0; i < HT_NR_STACK_ENDS; i++)
			ret->ends[i] += all[cpu].ends[i];
		for (int i = 0; i < HT_NR_LOSSES; i++)
			ret->loss[i] += all[cpu].loss[i];
	}
	free(all);
	return err;
}

int kernel_live_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.live);
}

int kernel_events_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.events);
}

int kernel_mapping_events_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.mapping_events);
}

int kernel_page_events_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.page_events);
}

void kernel_page_events_rearm(struct kernel *kernel)
{
	__atomic_store_n(&kernel->skel->bss->ht_pages_woken, 0, __ATOMIC_RELEASE);
}

int kernel_page_program_fd(const struct kernel *kernel)
{
	return bpf_program__fd(kernel->page_program);
}

int kernel_task_info_fd(const struct kernel *kernel)
{
	return bpf_program__fd(kernel->skel->progs.task_info);
}

void kernel_tables_maps(const struct kernel *kernel, struct tables_maps *ret)
{
	const struct heaptap_bpf *skel = kernel->skel;

	*ret = (struct tables_maps){
		.mappings = bpf_map__fd(skel->maps.mappings),
		.chunks = bpf_map__fd(skel->maps.chunks),
		.rules = bpf_map__fd(skel->maps.rules),
		.pc_cache = bpf_map__fd(skel->maps.pc_cache),
		.nr_mappings = MAP_SIZES_NR_MAPPINGS,
		.nr_chunks = kernel->sizes.nr_chunks,
		.nr_rules = MAP_SIZES_NR_RULES,
	};
}
