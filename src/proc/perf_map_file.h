/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a process's /tmp/perf-PID.map, where the process sees /tmp, under the pid it knows
 * itself by.
 */
#ifndef HEAPTAP_PROC_PERF_MAP_FILE_H
#define HEAPTAP_PROC_PERF_MAP_FILE_H

#include <sys/types.h>

/*
 * That of @pid, which is @inner_pid to itself (struct process). A descriptor for reading, of a
 * regular file that belongs to root, to us, or to the process's own user: nobody else may say what
 * its code is called. -ENOENT when there is none, -EPERM when it belongs to somebody else, -ESRCH
 * when the process is gone, or another -errno.
 */
int perf_map_file_open(pid_t pid, pid_t inner_pid);

#endif
