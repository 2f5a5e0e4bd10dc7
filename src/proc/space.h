/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executable mappings of a process over time, with the files behind them held open, so that
 * its addresses can still be named after it unmapped them or exited.
 *
 * Invariant: mappings[] only grows; an index stays valid for the life of the space. A mapping that
 * went away is retired (live = false), never changed. Only executable mappings are kept.
 */
#ifndef HEAPTAP_PROC_SPACE_H
#define HEAPTAP_PROC_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct objects;

/* A file (or the vDSO) some process maps. Shared by reference count between mappings and spaces. */
struct object {
	uint32_t refs;
	int fd;		   /* read-only, of the very inode that is mapped (through map_files, else
			    * /proc/PID/root/PATH when device and inode agree); for the vDSO a memfd
			    * with its bytes; -1 when it could not be opened: see error */
	int error;	   /* 0 or the -errno of opening it */
	uint64_t dev, ino; /* 0, 0 for the vDSO */
	int64_t mtime_ns;
	bool deleted; /* the path no longer names this inode */
	bool vdso;
	uint8_t lacks;		 /* OBJECT_LACKS_*: what was looked for in it in vain */
	char *path;		 /* as /proc/PID/maps has it, without " (deleted)"; "[vdso]" */
	struct objects *objects; /* where it is to be found; NULL: nowhere */
	int root; /* of the process it was found in, as root_open() has it: where separate debug
		   * files of a container may be */
	const char *path_in_root; /* the path as that process sees it: an end of path */
};

#define OBJECT_LACKS_ALLOCATOR 1
#define OBJECT_LACKS_V8	       2
#define OBJECT_LACKS_LOADER    4
#define OBJECT_LACKS_TOLD      8
#define OBJECT_LACKS_ARENAS    16
#define OBJECT_LACKS_OWN       32 /* an allocator, as a program: its hidden symbols count too */

struct object *object_get(struct object *object);
void object_put(struct object *object); /* NULL allowed */

struct mapping {
	uint64_t start, end;   /* addresses in the process */
	uint64_t offset;       /* file offset of start */
	struct object *object; /* NULL for anonymous executable memory (JIT) */
	char *name;	       /* the last column of maps, "" for anonymous */
	bool live;
};

struct space {
	pid_t pid;
	uint32_t nr_mappings;
	struct mapping *mappings;
	struct space_index *index; /* private */
};

#define SPACE_NONE UINT32_MAX

/* Its files are those of @objects, which outlives it; NULL: of its own. NULL when out of memory.
 * space_free(NULL) is allowed. */
struct space *space_new(pid_t pid, struct objects *objects);
/* The process has ended; nothing can be read any more, what was stays. */
void space_leave(struct space *space);
void space_free(struct space *space);

/*
 * Read /proc/PID/maps again: new mappings are appended, those that are gone retired. A mapping
 * with the same start, end, offset and object is the same mapping. Handles two thousand mappings
 * and paths with spaces, newlines (as \012) and " (deleted)". 0 or -errno (-ESRCH when gone);
 * on failure what was known stays known. @ret_changed (may be NULL): something new or gone.
 */
int space_refresh(struct space *space, bool *ret_changed);

/* Index of the live mapping that holds @address, or SPACE_NONE. O(log n). */
uint32_t space_find(const struct space *space, uint64_t address);

/* The indices of the live mappings by address, *ret_nr of them, the caller's to free; NULL when out
 * of memory. */
uint32_t *space_live(const struct space *space, uint32_t *ret_nr);

/* All live mappings retire at once: the process has exec'd. */
void space_retire(struct space *space);

#endif
