/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The maps that hold unwind tables; formats in heaptap/unwind.h. User space fills them and never
 * changes what a published mapset refers to. Defined in maps.bpf.c alone.
 */
#ifndef HEAPTAP_BPF_TABLES_H
#define HEAPTAP_BPF_TABLES_H

#include "heaptap/unwind.h"
#include "ktypes.h"

struct mappings_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_mapping);
};
extern struct mappings_map mappings SEC(".maps");

struct chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HT_CHUNK_WORDS);
	__type(key, __u32);
	__type(value, __u64);
};

struct chunks_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct chunk_map);
};
extern struct chunks_map chunks SEC(".maps");

struct rules_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* struct ht_rule */
};
extern struct rules_map rules SEC(".maps");

struct pc_cache_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << HT_PC_CACHE_SHIFT);
	__type(key, __u32);
	__type(value, __u64);
};
extern struct pc_cache_map pc_cache SEC(".maps");

#endif
