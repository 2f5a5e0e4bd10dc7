// SPDX-License-Identifier: Apache-2.0
/*
 * Frames into a profile: which object a frame is in, what that object calls it (asked once per
 * place), and what to show when it has no name. Knows neither ELF nor DWARF.
 *
 * Invariant: what is cached belongs to an object and an offset in it, not to a space or a profile,
 * which come and go; an object is the same while we hold a reference on it.
 */
#include "symbolize/symbolize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM	   1
#define uthash_nonfatal_oom(entry) ((entry)->lost = true)
#include <uthash.h>

#include "symbolize/javascript.h"
#include "symbolize/module.h"
#include "symbolize/perf_map.h"

#define DEBUG_PATH "/usr/lib/debug"

struct place {
	uint64_t offset; /* in the file */
	struct named named;
	bool lost; /* not in the table: out of memory */
	UT_hash_handle hh;
};

/* What makes two objects one. The first one's descriptor is kept, so its inode is not used again.
 */
struct identity {
	uint64_t dev, ino;
	int64_t mtime_ns;
	const struct object *object; /* NULL when the rest tells: several processes map one file */
};

struct loaded {
	struct identity identity;
	struct module *module;
	struct place *places;
	bool lost;
	UT_hash_handle hh;
};

struct process_map {
	pid_t pid;
	struct perf_map *map; /* NULL: it has none */
};

struct symbolizer {
	struct module_options options;
	bool shared;
	char *debug_path;
	struct loaded *loaded;
	uint32_t nr_maps;
	struct process_map *maps;
	struct symbolizer_stats stats;
};

struct symbolizer *symbolizer_new(const struct symbolizer_options *options)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));

	if (!symbolizer)
		return NULL;
	symbolizer->debug_path = strdup(options->debug_path ? options->debug_path : DEBUG_PATH);
	if (!symbolizer->debug_path) {
		free(symbolizer);
		return NULL;
	}
	symbolizer->shared = options->shared;
	symbolizer->options.lines = options->lines;
	symbolizer->options.debug_path = symbolizer->debug_path;
	return symbolizer;
}

static void place_free(struct place *place)
{
	named_done(&place->named);
	free(place);
}

static void loaded_free(struct loaded *loaded)
{
	struct place *place, *next;

	HASH_ITER (hh, loaded->places, place, next) {
		HASH_DEL(loaded->places, place);
		place_free(place);
	}
	module_free(loaded->module);
	free(loaded);
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	struct loaded *loaded, *next;

	if (!symbolizer)
		return;
	HASH_ITER (hh, symbolizer->loaded, loaded, next) {
		HASH_DEL(symbolizer->loaded, loaded);
		loaded_free(loaded);
	}
	for (uint32_t i = 0; i < symbolizer->nr_maps; i++)
		perf_map_free(symbolizer->maps[i].map);
	free(symbolizer->maps);
	free(symbolizer->debug_path);
	free(symbolizer);
}

static struct process_map *find_map(const struct symbolizer *symbolizer, pid_t pid)
{
	for (uint32_t i = 0; i < symbolizer->nr_maps; i++)
		if (symbolizer->maps[i].pid == pid)
			return &symbolizer->maps[i];
	return NULL;
}

int symbolizer_set_perf_map(struct symbolizer *symbolizer, pid_t pid, int fd)
{
	struct process_map *map = find_map(symbolizer, pid), *maps;

	if (!map) {
		maps = reallocarray(symbolizer->maps, symbolizer->nr_maps + 1, sizeof(*maps));
		if (!maps)
			return -ENOMEM;
		symbolizer->maps = maps;
		map = &maps[symbolizer->nr_maps++];
		map->pid = pid;
	} else {
		perf_map_free(map->map);
	}
	map->map = NULL;
	return perf_map_read(fd, &map->map);
}

static struct identity identity_of(const struct object *object)
{
	if (object->fd < 0 || !object->ino)
		return (struct identity){.object = object};
	return (struct identity){object->dev, object->ino, object->mtime_ns, NULL};
}

static int loaded_get(struct symbolizer *symbolizer, struct object *object, struct loaded **ret)
{
	const struct identity identity = identity_of(object);
	struct loaded *loaded;
	int err;

	HASH_FIND(hh, symbolizer->loaded, &identity, sizeof(identity), loaded);
	if (loaded) {
		*ret = loaded;
		return 0;
	}
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return -ENOMEM;
	loaded->identity = identity;
	err = module_open(object, &symbolizer->options, &loaded->module);
	if (!err) {
		HASH_ADD(hh, symbolizer->loaded, identity, sizeof(identity), loaded);
		err = loaded->lost ? -ENOMEM : 0;
	}
	if (err) {
		loaded_free(loaded);
		return err;
	}
	symbolizer->stats.objects += object->fd >= 0;
	symbolizer->stats.without_symbols += !module_has_symbols(loaded->module);
	symbolizer->stats.with_lines += module_has_lines(loaded->module);
	*ret = loaded;
	return 0;
}

static int place_get(struct loaded *loaded, uint64_t offset, struct place **ret)
{
	struct place *place;
	int err;

	HASH_FIND(hh, loaded->places, &offset, sizeof(offset), place);
	if (place) {
		*ret = place;
		return 0;
	}
	place = calloc(1, sizeof(*place));
	if (!place)
		return -ENOMEM;
	place->offset = offset;
	err = module_find(loaded->module, offset, &place->named);
	if (!err) {
		HASH_ADD(hh, loaded->places, offset, sizeof(place->offset), place);
		err = place->lost ? -ENOMEM : 0;
	}
	if (err) {
		place_free(place);
		return err;
	}
	*ret = place;
	return 0;
}

/* The name of a frame nobody can name: "[libfoo.so.1]". The caller frees it. */
static char *stand_in(const struct mapping *mapping)
{
	const char *path, *base;
	char *name;

	if (!mapping)
		return strdup("[unknown]");
	path = mapping->object ? mapping->object->path : mapping->name;
	if (!path || !*path)
		return strdup("[anon]");
	if (*path == '[')
		return strdup(path);
	base = strrchr(path, '/');
	base = base && base[1] ? base + 1 : path;
	name = malloc(strlen(base) + 3);
	if (name)
		stpcpy(stpcpy(stpcpy(name, "["), base), "]");
	return name;
}

static int add_line(struct profile *profile, const struct named_line *named, const char *unnamed,
		    struct profile_line *ret)
{
	const struct profile_function function = {
		.name = named->name ? named->name : unnamed,
		.system_name = named->name ? named->system_name : unnamed,
		.file = named->file,
		.start_line = named->start_line,
	};

	ret->line = named->line;
	return profile_add_function(profile, &function, &ret->function);
}

/* Where a frame is in a profile. */
struct spot {
	uint32_t mapping; /* of the profile, or PROFILE_NONE */
	uint64_t address;
};

static int add_location(struct profile *profile, const struct spot *spot, const struct named *named,
			const char *unnamed, uint32_t *ret)
{
	static const struct named_line nameless = {.file = ""};
	struct profile_location location = {
		.mapping = spot->mapping,
		.address = spot->address,
		.nr_lines = named && named->nr ? named->nr : 1,
	};
	int err = 0;

	location.lines = calloc(location.nr_lines, sizeof(*location.lines));
	if (!location.lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < location.nr_lines && !err; i++)
		err = add_line(profile, named && named->nr ? &named->lines[i] : &nameless, unnamed,
			       &location.lines[i]);
	if (!err)
		err = profile_add_location(profile, &location, ret);
	free(location.lines);
	return err;
}

/* Generated code of several processes has nothing in common but its name. */
static int find_spot(const struct symbolizer *symbolizer, struct profile *profile,
		     const struct mapping *mapping, uint64_t address, const char *build_id,
		     struct spot *ret)
{
	const char *path = mapping->object ? mapping->object->path : mapping->name;
	uint64_t bias = symbolizer->shared ? mapping->start - mapping->offset : 0;
	const struct profile_mapping added = {
		.start = mapping->start - bias,
		.limit = mapping->end - bias,
		.offset = mapping->offset,
		.file = path && *path ? path : "[anon]",
		.build_id = build_id,
	};

	*ret = (struct spot){PROFILE_NONE, 0};
	if (symbolizer->shared && !mapping->object)
		return 0;
	ret->address = address - bias;
	return profile_add_mapping(profile, &added, &ret->mapping);
}

/* Who can say what @address is. @ret_place stays NULL for memory without a file. */
static int find_place(struct symbolizer *symbolizer, const struct mapping *mapping,
		      uint64_t address, struct place **ret_place, const char **ret_build_id)
{
	struct loaded *loaded;
	int err;

	if (!mapping->object)
		return 0;
	err = loaded_get(symbolizer, mapping->object, &loaded);
	if (err)
		return err;
	*ret_build_id = module_build_id(loaded->module);
	return place_get(loaded, address - mapping->start + mapping->offset, ret_place);
}

/* The frame by what its process's compiler wrote down; -ENOENT when that says nothing of it. */
static int name_generated(const struct symbolizer *symbolizer, struct profile *profile, pid_t pid,
			  const struct spot *spot, uint64_t address, uint32_t *ret)
{
	const struct process_map *map = find_map(symbolizer, pid);
	const char *name = map && map->map ? perf_map_find(map->map, address) : NULL;
	struct perf_map_function function;
	int err;

	if (!name)
		return -ENOENT;
	err = perf_map_javascript(name, &function);
	if (err == -ENOENT)
		return add_location(profile, spot, NULL, name, ret);
	if (!err) {
		const struct v8_line line = {.function = function.name,
					     .script = function.script,
					     .line = function.line,
					     .start_line = function.line};

		err = symbolize_javascript(profile, &(struct v8_place){1, &line}, ret);
		free(function.name);
		free(function.script);
	}
	return err;
}

static int name_in_file(struct symbolizer *symbolizer, struct profile *profile,
			const struct spot *spot, const struct mapping *mapping,
			const struct place *place, uint32_t *ret)
{
	char *unnamed = stand_in(mapping);
	int err = -ENOMEM;

	if (unnamed)
		err = add_location(profile, spot, place ? &place->named : NULL, unnamed, ret);
	free(unnamed);
	symbolizer->stats.unnamed +=
		!place || !place->named.nr || !place->named.lines[place->named.nr - 1].name;
	return err;
}

int symbolize_frame(struct symbolizer *symbolizer, struct profile *profile,
		    const struct space *space, const struct frame *frame, uint32_t *ret_location)
{
	const struct mapping *mapping = NULL;
	struct spot spot = {PROFILE_NONE, symbolizer->shared ? 0 : frame->address};
	const char *build_id = "";
	struct place *place = NULL;
	int err = 0;

	if (frame->mapping < space->nr_mappings)
		mapping = &space->mappings[frame->mapping];
	if (mapping) {
		err = find_place(symbolizer, mapping, frame->address, &place, &build_id);
		err = err
			      ?: find_spot(symbolizer, profile, mapping, frame->address, build_id,
					   &spot);
	}
	if (err)
		return err;
	symbolizer->stats.frames++;
	if (mapping && !mapping->object) {
		err = name_generated(symbolizer, profile, space->pid, &spot, frame->address,
				     ret_location);
		if (err != -ENOENT)
			return err;
	}
	return name_in_file(symbolizer, profile, &spot, mapping, place, ret_location);
}

int symbolize_mapping(struct symbolizer *symbolizer, struct profile *profile,
		      const struct space *space, uint32_t mapping)
{
	const struct mapping *added = &space->mappings[mapping];
	const char *build_id = "";
	struct place *place;
	struct spot spot;
	int err = find_place(symbolizer, added, added->start, &place, &build_id);

	return err ?: find_spot(symbolizer, profile, added, added->start, build_id, &spot);
}

int symbolize_label(struct profile *profile, const char *name, uint32_t *ret_location)
{
	const struct spot nowhere = {PROFILE_NONE, 0};

	return add_location(profile, &nowhere, NULL, name, ret_location);
}

void symbolizer_stats(const struct symbolizer *symbolizer, struct symbolizer_stats *ret)
{
	*ret = symbolizer->stats;
}
