// SPDX-License-Identifier: Apache-2.0
/*
 * A table by device, inode and time of modification. While an object is open its inode's number
 * cannot become another's. What maps tells of a file is not enough to find it here: subvolumes of
 * btrfs and the layers of an overlay share a device there.
 */
#include "proc/objects.h"

#include <stdbool.h>
#include <stdlib.h>

#define uthash_nonfatal_oom(entry) ((entry)->lost = true)
#define HASH_NONFATAL_OOM	   1
#include <uthash.h>

#include "proc/object.h"

struct entry {
	struct object_key key;
	struct object *object;
	bool lost; /* found no room */
	UT_hash_handle hh;
};

struct objects {
	struct entry *files;
	struct object *vdso; /* one kernel maps the same one into all its 64-bit processes */
};

struct objects *objects_new(void)
{
	return calloc(1, sizeof(struct objects));
}

void objects_free(struct objects *objects)
{
	struct entry *entry, *next;

	if (!objects)
		return;
	HASH_ITER (hh, objects->files, entry, next) {
		HASH_DEL(objects->files, entry);
		entry->object->objects = NULL;
		free(entry);
	}
	if (objects->vdso)
		objects->vdso->objects = NULL;
	free(objects);
}

static struct entry *find(const struct objects *objects, const struct object_key *key)
{
	struct entry *entry;

	HASH_FIND(hh, objects->files, key, sizeof(*key), entry);
	return entry;
}

/* Without room for it, it is as one that nobody shares. */
static void remember(struct objects *objects, struct object *object)
{
	struct entry *entry;

	if (object->error)
		return;
	if (object->vdso) {
		objects->vdso = object;
		object->objects = objects;
		return;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return;
	entry->key = object_key(object);
	entry->object = object;
	HASH_ADD(hh, objects->files, key, sizeof(entry->key), entry);
	if (entry->lost)
		free(entry);
	else
		object->objects = objects;
}

void objects_forget(struct objects *objects, const struct object *object)
{
	const struct object_key key = object_key(object);
	struct entry *entry;

	if (objects->vdso == object) {
		objects->vdso = NULL;
		return;
	}
	entry = find(objects, &key);
	HASH_DEL(objects->files, entry);
	free(entry);
}

struct object *objects_find(struct objects *objects, int dir, const struct maps_entry *entry)
{
	struct object_key key;
	struct object *object;
	struct entry *known;

	if (!entry->ino && objects->vdso)
		return object_get(objects->vdso);
	known = entry->ino && !object_peek(dir, entry, &key) ? find(objects, &key) : NULL;
	if (known)
		return object_get(known->object);
	object = object_open(dir, entry);
	if (!object)
		return NULL;
	/* it may have been replaced between the two */
	key = object_key(object);
	known = object->vdso || object->error ? NULL : find(objects, &key);
	if (known) {
		object_put(object);
		return object_get(known->object);
	}
	remember(objects, object);
	return object;
}
