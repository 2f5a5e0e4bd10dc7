// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The one definition of every map and setting. */
#include "maps.bpf.h"
#include "sample.bpf.h"
#include "tables.bpf.h"

volatile __u8 ht_enabled;
volatile __u64 ht_rates[HT_NR_RATES] = {1};
volatile __u32 ht_rate_now;
const volatile __u64 ht_pid_ns_dev, ht_pid_ns_ino;
const volatile __u64 ht_base_rate = 1;
volatile __u64 ht_start_ns = 1;
const volatile __u32 ht_nr_sites;
const volatile __u32 ht_nr_slots;
const volatile __u32 ht_copy_every;
volatile __u32 ht_next_site = 1;
volatile bool ht_all_execs;
volatile __u32 ht_pages_woken;
volatile __s64 ht_credit = (1ULL << 63) - 1;
volatile __u32 ht_last_epoch;

const volatile __u32 ht_weight_table[HT_WEIGHT_SIZE];
const volatile __u32 ht_ln_table[HT_LN_SIZE];

struct live_map live SEC(".maps");
struct site_index_map site_index SEC(".maps");
struct sites_map sites SEC(".maps");
struct free_sites_map free_sites SEC(".maps");
struct processes_map processes SEC(".maps");
struct own_code_map own_code SEC(".maps");
struct v8s_map v8s SEC(".maps");
struct events_map events SEC(".maps");
struct events_map mapping_events SEC(".maps");
struct events_map page_events SEC(".maps");
struct countdown_map countdown SEC(".maps");
struct stats_map stats SEC(".maps");
struct site_cache_map site_cache SEC(".maps");
struct mappings_map mappings SEC(".maps");
struct chunks_map chunks SEC(".maps");
struct rules_map rules SEC(".maps");
struct pc_cache_map pc_cache SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";
