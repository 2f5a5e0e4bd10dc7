/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory /proc/PID and its small files. Everything is opened below one directory
 * descriptor, which keeps meaning the same process after its number was given to another.
 */
#ifndef HEAPTAP_PROC_PROCFS_H
#define HEAPTAP_PROC_PROCFS_H

#include <stddef.h>
#include <sys/types.h>

/* A descriptor of /proc/PID. -ESRCH when there is no such process. */
int procfs_open(pid_t pid);

/* openat() below @dir; -ESRCH also when the process is gone since. */
int procfs_openat(int dir, const char *name, int flags);

/* Reads the head of a file into @buffer, NUL-terminated. Returns the length, or -errno. */
long procfs_read(int dir, const char *name, char *buffer, size_t size);

/* The machine's number of this boot, 36 characters. 0 or -errno. */
#define PROCFS_BOOT_ID_SIZE 37
int procfs_boot_id(char ret[PROCFS_BOOT_ID_SIZE]);

/* What @handle, an O_PATH descriptor of a regular file, is, for reading. @handle stays open. */
int procfs_reopen(int handle);

#endif
