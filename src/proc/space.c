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
#include "proc/objects.h"
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
	struct objects *objects, *own; /* the files; own when nobody else has them */
};

struct space *space_new(pid_t pid, struct objects *objects)
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
	if (!objects)
		objects = space->index->own = objects_new();
	space->index->objects = objects;
	if (!objects) {
		space_free(space);
		return NULL;
	}
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
	objects_free(index->own);
	if (index->dir >= 0)
		close(index->dir);
	free(space->mappings);
	free(index->backings);
	free(index->live);
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

/* Fills mapping @at, which the space does not count yet. */
static int fill_mapping(struct space *space, uint32_t at, const struct maps_entry *entry)
{
	struct mapping mapping = {
		.start = entry->start,
		.end = entry->end,
		.offset = entry->offset,
	};

	mapping.name = strdup(entry->name);
	if (!mapping.name)
		return -ENOMEM;
	if (object_exists(entry)) {
		mapping.object = objects_find(space->index->objects, space->index->dir, entry);
		if (!mapping.object) {
			free(mapping.name);
			return -ENOMEM;
		}
		note_deleted(mapping.object, entry);
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
