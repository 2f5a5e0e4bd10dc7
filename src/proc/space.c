// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps the executable mappings of one process: a refresh compares the sorted list of the live
 * ones with the sorted list in /proc/PID/maps, appends what is new and retires what is gone.
 * Nothing is changed before everything that can fail has been done.
 *
 * Limit: a process whose main thread has exited before the others shows no maps at /proc/PID and
 * counts as gone.
 */
#include "proc/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/maps.h"
#include "proc/object.h"
#include "proc/procfs.h"

/* The file of a mapping as maps tells it: need not be the object's dev and ino, which are fstat's,
 * but tells without opening anything whether a mapping is still the same. */
struct backing {
	uint64_t dev, ino;
};

struct space_index {
	int dir;		  /* /proc/PID, pinned at space_new(); -errno when it failed */
	uint32_t capacity;	  /* of mappings and backings */
	struct backing *backings; /* of the mapping with the same index */
	uint32_t *live;		  /* indices of the live mappings, by address */
	uint32_t nr_live;
	struct object **objects; /* each once, with a reference */
	uint32_t nr_objects, objects_capacity;
};

struct space *space_new(pid_t pid)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->pid = pid;
	space->index = calloc(1, sizeof(*space->index));
	if (!space->index) {
		free(space);
		return NULL;
	}
	space->index->dir = procfs_open(pid);
	return space;
}

static void mapping_done(struct mapping *mapping)
{
	object_put(mapping->object);
	free(mapping->name);
}

void space_free(struct space *space)
{
	struct space_index *index;

	if (!space)
		return;
	index = space->index;
	for (uint32_t i = 0; i < space->nr_mappings; i++)
		mapping_done(&space->mappings[i]);
	for (uint32_t i = 0; i < index->nr_objects; i++)
		object_put(index->objects[i]);
	if (index->dir >= 0)
		close(index->dir);
	free(space->mappings);
	free(index->backings);
	free(index->live);
	free(index->objects);
	free(index);
	free(space);
}

/* Room for @nr more mappings. */
static int reserve(struct space *space, uint32_t nr)
{
	struct space_index *index = space->index;
	struct mapping *mappings;
	struct backing *backings;
	uint64_t wanted = (uint64_t)space->nr_mappings + nr;

	if (wanted <= index->capacity)
		return 0;
	wanted += wanted / 2;
	if (wanted >= SPACE_NONE)
		return -EOVERFLOW;
	mappings = reallocarray(space->mappings, wanted, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	space->mappings = mappings;
	backings = reallocarray(index->backings, wanted, sizeof(*backings));
	if (!backings)
		return -ENOMEM;
	index->backings = backings;
	index->capacity = (uint32_t)wanted;
	return 0;
}

/* Takes over the reference to @object, also on failure. */
static int add_object(struct space_index *index, struct object *object)
{
	struct object **objects;

	if (index->nr_objects == index->objects_capacity) {
		uint32_t wanted = index->objects_capacity ? index->objects_capacity * 2 : 32;

		objects = reallocarray(index->objects, wanted, sizeof(struct object *));
		if (!objects) {
			object_put(object);
			return -ENOMEM;
		}
		index->objects = objects;
		index->objects_capacity = wanted;
	}
	index->objects[index->nr_objects++] = object;
	return 0;
}

static struct object *known_object(const struct space_index *index, const struct object *object)
{
	for (uint32_t i = 0; i < index->nr_objects; i++)
		if (object_equal(index->objects[i], object))
			return index->objects[i];
	return NULL;
}

/* One kernel maps the same vdso into all its 64-bit processes. */
static struct object *known_vdso(const struct space_index *index)
{
	for (uint32_t i = 0; i < index->nr_objects; i++)
		if (index->objects[i]->vdso && !index->objects[i]->error)
			return index->objects[i];
	return NULL;
}

/* The object behind @entry with a reference for the caller: one that is known, or a new one. */
static int find_object(struct space *space, const struct maps_entry *entry, struct object **ret)
{
	struct object *object, *known = entry->ino ? NULL : known_vdso(space->index);
	int err;

	if (known) {
		*ret = object_get(known);
		return 0;
	}
	object = object_open(space->index->dir, space->pid, entry);
	if (!object)
		return -ENOMEM;
	known = known_object(space->index, object);
	if (known) {
		known->deleted |= object->deleted;
		object_put(object);
		*ret = object_get(known);
		return 0;
	}
	err = add_object(space->index, object);
	if (!err)
		*ret = object_get(object);
	return err;
}

/* Fills mapping @at, which the space does not count yet. */
static int fill_mapping(struct space *space, uint32_t at, const struct maps_entry *entry)
{
	struct mapping mapping = {
		.start = entry->start,
		.end = entry->end,
		.offset = entry->offset,
	};
	int err;

	mapping.name = strdup(entry->name);
	if (!mapping.name)
		return -ENOMEM;
	if (object_exists(entry)) {
		err = find_object(space, entry, &mapping.object);
		if (err) {
			free(mapping.name);
			return err;
		}
	}
	space->mappings[at] = mapping;
	space->index->backings[at] = (struct backing){entry->dev, entry->ino};
	/* It was replaced while it was looked at: what it is will be seen next time. */
	if (mapping.object && mapping.object->error == -ESTALE)
		space->index->backings[at] = (struct backing){UINT64_MAX, UINT64_MAX};
	return 0;
}

static bool same_mapping(const struct space *space, uint32_t at, const struct maps_entry *entry)
{
	const struct mapping *mapping = &space->mappings[at];
	const struct backing *backing = &space->index->backings[at];

	return mapping->start == entry->start && mapping->end == entry->end &&
	       mapping->offset == entry->offset && backing->dev == entry->dev &&
	       backing->ino == entry->ino && (entry->ino || !strcmp(mapping->name, entry->name));
}

/* A file may be deleted or replaced long after it was mapped. */
static void note_deleted(struct object *object, const struct maps_entry *entry)
{
	size_t len;

	if (!object || object->vdso || object->deleted)
		return;
	len = strlen(object->path);
	if (!strncmp(entry->name, object->path, len) && !strcmp(entry->name + len, MAPS_DELETED))
		object->deleted = true;
}

/*
 * Writes the indices of the mappings in @maps to @live, in order. The new ones lie behind the
 * counted ones, *ret_nr_new of them, also on failure.
 */
static int merge(struct space *space, const struct maps *maps, uint32_t *live, uint32_t *ret_nr_new)
{
	const struct space_index *index = space->index;
	uint32_t old = 0;
	int err;

	for (uint32_t i = 0; i < maps->nr_entries; i++) {
		const struct maps_entry *entry = &maps->entries[i];

		while (old < index->nr_live &&
		       space->mappings[index->live[old]].start < entry->start)
			old++;
		if (old < index->nr_live && same_mapping(space, index->live[old], entry)) {
			live[i] = index->live[old];
			note_deleted(space->mappings[live[i]].object, entry);
			continue;
		}
		live[i] = space->nr_mappings + *ret_nr_new;
		err = fill_mapping(space, live[i], entry);
		if (err)
			return err;
		(*ret_nr_new)++;
	}
	return 0;
}

static bool publish(struct space *space, uint32_t *live, uint32_t nr_live, uint32_t nr_new)
{
	struct space_index *index = space->index;
	bool changed = nr_new || nr_live != index->nr_live;

	for (uint32_t i = 0; i < index->nr_live; i++)
		space->mappings[index->live[i]].live = false;
	for (uint32_t i = 0; i < nr_live; i++)
		space->mappings[live[i]].live = true;
	space->nr_mappings += nr_new;
	free(index->live);
	index->live = live;
	index->nr_live = nr_live;
	return changed;
}

static int apply(struct space *space, const struct maps *maps, bool *ret_changed)
{
	uint32_t nr_new = 0, *live;
	bool changed;
	int err;

	err = reserve(space, maps->nr_entries);
	if (err)
		return err;
	live = calloc(maps->nr_entries + 1, sizeof(*live));
	if (!live)
		return -ENOMEM;
	err = merge(space, maps, live, &nr_new);
	if (err) {
		while (nr_new)
			mapping_done(&space->mappings[space->nr_mappings + --nr_new]);
		free(live);
		return err;
	}
	changed = publish(space, live, maps->nr_entries, nr_new);
	if (ret_changed)
		*ret_changed = changed;
	return 0;
}

int space_refresh(struct space *space, bool *ret_changed)
{
	struct maps maps;
	int fd, err;

	if (space->index->dir < 0)
		return space->index->dir;
	fd = procfs_openat(space->index->dir, "maps", O_RDONLY);
	if (fd < 0)
		return fd;
	err = maps_read(fd, &maps);
	close(fd);
	if (err)
		return err;
	err = apply(space, &maps, ret_changed);
	maps_done(&maps);
	return err;
}

uint32_t space_find(const struct space *space, uint64_t address)
{
	const struct space_index *index = space->index;
	uint32_t low = 0, high = index->nr_live;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct mapping *mapping = &space->mappings[index->live[middle]];

		if (address < mapping->start)
			high = middle;
		else if (address >= mapping->end)
			low = middle + 1;
		else
			return index->live[middle];
	}
	return SPACE_NONE;
}

uint32_t *space_live(const struct space *space, uint32_t *ret_nr)
{
	const struct space_index *index = space->index;
	uint32_t *live = calloc(index->nr_live + 1, sizeof(*live));

	if (live && index->nr_live)
		memcpy(live, index->live, index->nr_live * sizeof(*live));
	*ret_nr = live ? index->nr_live : 0;
	return live;
}

void space_retire(struct space *space)
{
	struct space_index *index = space->index;

	for (uint32_t i = 0; i < index->nr_live; i++)
		space->mappings[index->live[i]].live = false;
	index->nr_live = 0;
}

void space_leave(struct space *space)
{
	if (space->index->dir >= 0)
		close(space->index->dir);
	space->index->dir = -ESRCH;
}

int space_share(struct space *space, const struct space *from)
{
	const struct space_index *index = from->index;
	int err = 0;

	for (uint32_t i = 0; i < index->nr_objects && !err; i++)
		if (!index->objects[i]->error &&
		    (index->objects[i]->vdso ? !known_vdso(space->index)
					     : !known_object(space->index, index->objects[i])))
			err = add_object(space->index, object_get(index->objects[i]));
	return err;
}
