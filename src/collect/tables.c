// SPDX-License-Identifier: Apache-2.0
/*
 * Loading and publishing. Words of all tables lie in chunks that are created when needed; rules of
 * all tables share one dictionary. Nothing is freed before the end: what a reader in the kernel may
 * still look at stays.
 */
#include "collect/tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uthash.h>

#include "collect/rule_map.h"
#include "elf/image.h"
#include "heaptap/unwind.h"
#include "unwind/cache.h"
#include "util/clock.h"

#define CHUNK_BYTES ((size_t)HT_CHUNK_WORDS * sizeof(uint64_t))

/* The table of one object, by what the file is. */
struct loaded {
	struct {
		uint64_t dev, ino;
		int64_t mtime_ns;
	} key;
	struct unwind_table *table; /* NULL: it has none */
	uint32_t pages;		    /* word index of the page table in the kernel */
	bool in_kernel;
	bool is_generated; /* not an ELF file: what a JIT made */
	struct linked {
		uint64_t offset, vaddr;
	} linked[4]; /* where file offsets of mappings are linked, the latest asked for */
	uint32_t nr_linked;
	UT_hash_handle hh;
};

/* Of an object whose table could not be made or found no room: no address is in it, so that all of
 * its code is UNKNOWN. */
static const struct unwind_table no_table = {.base = UINT64_MAX, .size = 1};

/* What is published for a process. */
struct published {
	uint32_t tgid;
	uint32_t first, nr;
	UT_hash_handle hh;
};

struct tables {
	struct tables_maps maps;
	struct unwind_cache *cache; /* NULL: there is none */
	struct loaded *loaded;
	struct rule_map rules;
	struct published *published;
	uint64_t **chunks; /* mapped, nr_chunks of them */
	int *chunk_fds;	   /* of those that are not published */
	uint32_t nr_chunks, nr_published_chunks, nr_words;
	struct ht_mapping *mappings; /* mapped */
	uint32_t next_mapping, version;
	struct tables_stats stats;
};

static size_t page_align(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static void *map_array(int fd, size_t size)
{
	void *memory = mmap(NULL, page_align(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int tables_new(const struct tables_maps *maps, struct tables **ret)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	int err;

	if (!tables)
		return -ENOMEM;
	tables->maps = *maps;
	unwind_cache_open(&tables->cache, NULL);
	tables->version = 1;
	tables->chunks = calloc(maps->nr_chunks, sizeof(*tables->chunks));
	tables->chunk_fds = calloc(maps->nr_chunks, sizeof(*tables->chunk_fds));
	tables->mappings = map_array(maps->mappings, maps->nr_mappings * sizeof(struct ht_mapping));
	err = tables->mappings ? 0 : -errno;
	if (!tables->chunks || !tables->chunk_fds)
		err = -ENOMEM;
	err = err ?: rule_map_init(&tables->rules, maps->rules, maps->nr_rules);
	if (err) {
		tables_free(tables);
		return err;
	}
	*ret = tables;
	return 0;
}

void tables_free(struct tables *tables)
{
	struct published *published, *next_published;
	struct loaded *loaded, *next_loaded;

	if (!tables)
		return;
	HASH_ITER (hh, tables->published, published, next_published) {
		HASH_DEL(tables->published, published);
		free(published);
	}
	HASH_ITER (hh, tables->loaded, loaded, next_loaded) {
		HASH_DEL(tables->loaded, loaded);
		unwind_table_free(loaded->table);
		free(loaded);
	}
	for (uint32_t i = 0; i < tables->nr_chunks; i++)
		munmap(tables->chunks[i], CHUNK_BYTES);
	for (uint32_t i = tables->nr_published_chunks; i < tables->nr_chunks; i++)
		close(tables->chunk_fds[i]);
	if (tables->mappings)
		munmap(tables->mappings,
		       page_align(tables->maps.nr_mappings * sizeof(struct ht_mapping)));
	rule_map_done(&tables->rules);
	unwind_cache_close(tables->cache);
	free(tables->chunks);
	free(tables->chunk_fds);
	free(tables);
}

/* --- objects -----------------------------------------------------------------------------------
 */

/* One more chunk, which the programs see after publish_chunks(). -ENOSPC when all there may be are
 * there. */
static int add_chunk(struct tables *tables)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint64_t *words;
	int fd, err;

	if (tables->nr_chunks == tables->maps.nr_chunks)
		return -ENOSPC;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "heaptap_chunk", sizeof(uint32_t), sizeof(uint64_t),
			    HT_CHUNK_WORDS, &opts);
	if (fd < 0)
		return -errno;
	words = map_array(fd, CHUNK_BYTES);
	if (!words) {
		err = -errno;
		close(fd);
		return err;
	}
	tables->chunk_fds[tables->nr_chunks] = fd;
	tables->chunks[tables->nr_chunks++] = words;
	return 0;
}

/*
 * Hands the programs the chunks that are new. All at once, since the kernel waits some 8 ms for the
 * programs that are running at each such call; one by one where it has no such call (before 5.19).
 */
static int publish_chunks(struct tables *tables)
{
	uint32_t first = tables->nr_published_chunks, nr = tables->nr_chunks - first, count = nr;
	uint32_t *keys = calloc(nr ?: 1, sizeof(*keys));
	int err = 0;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		keys[i] = first + i;
	if (nr && bpf_map_update_batch(tables->maps.chunks, keys, tables->chunk_fds + first, &count,
				       NULL))
		for (uint32_t i = 0; i < nr && !err; i++)
			if (bpf_map_update_elem(tables->maps.chunks, &keys[i],
						&tables->chunk_fds[first + i], BPF_ANY))
				err = -errno;
	free(keys);
	if (err)
		return err;
	for (uint32_t i = first; i < tables->nr_chunks; i++)
		close(tables->chunk_fds[i]);
	tables->nr_published_chunks = tables->nr_chunks;
	return 0;
}

static void put_word(struct tables *tables, uint64_t word)
{
	uint32_t index = tables->nr_words++;

	tables->chunks[index >> HT_CHUNK_SHIFT][index & (HT_CHUNK_WORDS - 1)] = word;
}

/* Writes the page table and the rows behind it; indices become word indices, rules those of the
 * common dictionary. */
static int copy_to_kernel(struct tables *tables, struct loaded *loaded)
{
	const struct unwind_table *table = loaded->table;
	uint32_t nr = table->nr_pages + table->nr_rows, rows;
	uint16_t *rules = calloc(table->nr_rules ?: 1, sizeof(*rules));
	int err = rules ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < table->nr_rules && !err; i++)
		err = rule_map_number(&tables->rules, table->rules[i], &rules[i]);
	while (!err &&
	       (uint64_t)tables->nr_chunks * HT_CHUNK_WORDS < (uint64_t)tables->nr_words + nr)
		err = add_chunk(tables);
	if (!err) {
		loaded->pages = tables->nr_words;
		loaded->in_kernel = true;
		rows = loaded->pages + table->nr_pages;
		for (uint32_t i = 0; i < table->nr_pages; i++)
			put_word(tables, HT_PAGE(rows + HT_PAGE_FIRST(table->pages[i]),
						 rows + HT_PAGE_LAST(table->pages[i])));
		for (uint32_t i = 0; i < table->nr_rows; i++)
			put_word(tables, HT_ROW(HT_ROW_ADDRESS(table->rows[i]),
						rules[HT_ROW_RULE(table->rows[i])]));
		tables->stats.rows += table->nr_rows;
	}
	free(rules);
	return err;
}

static struct loaded *loaded_find(const struct tables *tables, const struct object *object)
{
	struct loaded *loaded, key = {0};

	key.key.dev = object->dev;
	key.key.ino = object->ino;
	key.key.mtime_ns = object->mtime_ns;
	HASH_FIND(hh, tables->loaded, &key.key, sizeof(key.key), loaded);
	return loaded;
}

/* The table of @object, loaded when it is new. NULL when out of memory. */
static struct loaded *load(struct tables *tables, const struct object *object)
{
	struct loaded *loaded = loaded_find(tables, object);
	int err = -EBADF;

	if (loaded)
		return loaded;
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return NULL;
	loaded->key.dev = object->dev;
	loaded->key.ino = object->ino;
	loaded->key.mtime_ns = object->mtime_ns;
	HASH_ADD(hh, tables->loaded, key, sizeof(loaded->key), loaded);
	if (object->fd >= 0)
		err = unwind_cache_get_table(tables->cache, object->fd, &loaded->table, NULL);
	loaded->is_generated = err == -ENOEXEC;
	if (!loaded->table) {
		tables->stats.nr_without++;
		return loaded;
	}
	err = copy_to_kernel(tables, loaded);
	if (err)
		tables->stats.nr_no_room++;
	else
		tables->stats.nr_objects++;
	return loaded;
}

/* --- mappings ----------------------------------------------------------------------------------
 */

/* Where @mapping begins, as linked: by the segments of its file, looked up once for each offset. */
static int linked_start(struct loaded *loaded, const struct mapping *mapping, uint64_t *ret)
{
	const size_t size = sizeof(loaded->linked) / sizeof(loaded->linked[0]);
	struct elf_image *image;
	int err;

	for (uint32_t i = 0; i < loaded->nr_linked && i < size; i++)
		if (loaded->linked[i].offset == mapping->offset) {
			*ret = loaded->linked[i].vaddr;
			return 0;
		}
	err = elf_image_open(mapping->object->fd, &image);
	if (err)
		return err;
	err = elf_image_mapping_to_vaddr(image, mapping->offset, ret);
	elf_image_free(image);
	if (!err)
		loaded->linked[loaded->nr_linked++ % size] = (struct linked){mapping->offset, *ret};
	return err;
}

/* Made by the process, so that by convention it keeps frame pointers. Not so where return probes
 * return to: the frame behind it is anybody's. */
static bool is_generated(const struct mapping *mapping, const struct loaded *loaded)
{
	if (mapping->object)
		return loaded && loaded->is_generated;
	return strcmp(mapping->name, "[uprobes]") != 0;
}

static void describe(struct loaded *loaded, const struct mapping *mapping, struct ht_mapping *ret)
{
	uint64_t vaddr;

	*ret = (struct ht_mapping){.start = mapping->start, .end = mapping->end};
	if (is_generated(mapping, loaded))
		return;
	ret->pages = HT_NO_TABLE;
	if (!loaded || !loaded->in_kernel || linked_start(loaded, mapping, &vaddr))
		return;
	ret->bias = mapping->start - vaddr + loaded->table->base;
	ret->pages = loaded->pages;
	ret->nr_pages = loaded->table->nr_pages;
}

static int compare_mappings(const void *a, const void *b)
{
	const struct ht_mapping *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool overlaps_published(const struct tables *tables, uint32_t first, uint32_t nr)
{
	struct published *published, *next;

	HASH_ITER (hh, tables->published, published, next)
		if (first < published->first + published->nr && published->first < first + nr)
			return true;
	return false;
}

/*
 * Room for @nr mappings that no process's current set uses. Going round the whole array leaves the
 * previous sets alone for as long as possible: a preempted walk may still be reading one.
 */
static int reserve_mappings(struct tables *tables, uint32_t nr, uint32_t *ret_first)
{
	uint32_t first = tables->next_mapping;

	for (uint32_t tried = 0; tried < tables->maps.nr_mappings; tried++, first++) {
		if (first + nr > tables->maps.nr_mappings)
			first = 0;
		if (!overlaps_published(tables, first, nr)) {
			tables->next_mapping = first + nr;
			*ret_first = first;
			return 0;
		}
	}
	return -ENOSPC;
}

/* Versions wrap around after 131,071 sets: then the cache must forget. */
static int next_version(struct tables *tables, uint32_t *ret)
{
	size_t size = sizeof(uint64_t) << HT_PC_CACHE_SHIFT;
	void *cache;

	*ret = tables->version++;
	if (tables->version < HT_MAPSET_VERSIONS)
		return 0;
	tables->version = 1;
	cache = map_array(tables->maps.pc_cache, size);
	if (!cache)
		return -errno;
	memset(cache, 0, size);
	munmap(cache, size);
	return 0;
}

static struct published *published_of(struct tables *tables, uint32_t tgid)
{
	struct published *published;

	HASH_FIND(hh, tables->published, &tgid, sizeof(tgid), published);
	if (published)
		return published;
	published = calloc(1, sizeof(*published));
	if (!published)
		return NULL;
	published->tgid = tgid;
	HASH_ADD(hh, tables->published, tgid, sizeof(tgid), published);
	return published;
}

int tables_publish(struct tables *tables, const struct space *space, uint32_t tgid,
		   uint32_t generation, uint64_t *ret_mapset)
{
	struct published *published = published_of(tables, tgid);
	uint64_t begin = clock_now_ns();
	uint32_t nr = 0, first, version;
	int err;

	if (!published)
		return -ENOMEM;
	for (uint32_t i = 0; i < space->nr_mappings; i++)
		nr += space->mappings[i].live;
	if (nr > HT_MAX_MAPPINGS)
		return -E2BIG;
	err = reserve_mappings(tables, nr, &first);
	err = err ?: next_version(tables, &version);
	if (err)
		return err;
	for (uint32_t i = 0, n = first; i < space->nr_mappings; i++) {
		const struct mapping *mapping = &space->mappings[i];
		struct loaded *loaded = NULL;

		if (!mapping->live)
			continue;
		if (mapping->object)
			loaded = load(tables, mapping->object);
		describe(loaded, mapping, &tables->mappings[n++]);
	}
	err = publish_chunks(tables);
	if (err)
		return err;
	qsort(tables->mappings + first, nr, sizeof(*tables->mappings), compare_mappings);
	published->first = first;
	published->nr = nr;
	tables->stats.load_ns += clock_now_ns() - begin;
	*ret_mapset = HT_MAPSET(first, nr, version, generation);
	return 0;
}

void tables_leave(struct tables *tables, uint32_t tgid)
{
	struct published *published;

	HASH_FIND(hh, tables->published, &tgid, sizeof(tgid), published);
	if (!published)
		return;
	HASH_DEL(tables->published, published);
	free(published);
}

int tables_find(const struct tables *tables, const struct space *space, uint64_t pc,
		const struct unwind_table **ret_table, uint64_t *ret_vaddr)
{
	uint32_t index = space_find(space, pc);
	const struct mapping *mapping;
	struct loaded *loaded;
	uint64_t start;

	if (index == SPACE_NONE)
		return -ENOENT;
	mapping = &space->mappings[index];
	loaded = mapping->object ? loaded_find(tables, mapping->object) : NULL;
	*ret_table = NULL;
	*ret_vaddr = 0;
	if (is_generated(mapping, loaded))
		return 0;
	*ret_table = &no_table;
	if (!loaded || !loaded->table || linked_start(loaded, mapping, &start))
		return 0;
	*ret_table = loaded->table;
	*ret_vaddr = pc - mapping->start + start;
	return 0;
}

int tables_place(const struct tables *tables, const struct object *object, uint32_t *ret_pages,
		 uint64_t *ret_base)
{
	const struct loaded *loaded = loaded_find(tables, object);

	if (!loaded || !loaded->in_kernel)
		return -ENOENT;
	*ret_pages = loaded->pages;
	*ret_base = loaded->table->base;
	return 0;
}

void tables_stats(const struct tables *tables, struct tables_stats *ret)
{
	*ret = tables->stats;
	ret->bytes = tables->nr_chunks * CHUNK_BYTES;
}
