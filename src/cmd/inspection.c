// SPDX-License-Identifier: Apache-2.0
/* A port that is open is used and left open; otherwise SIGUSR1 opens one, when it is sure to. */
#include "cmd/inspection.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "collect/task_info.h"
#include "inspector/cluster.h"
#include "inspector/handler.h"

#define STOPPED_TIMEOUT_MS 100 /* it will not answer, but have it in its queue */

/* By SIGSTOP or a debugger: it will not answer. */
static bool is_stopped(const struct target *target)
{
	struct process process;

	return !process_read(target->process.pid, &process) &&
	       (process.state == 'T' || process.state == 't');
}

/* The primary of a cluster passes the signal on to its workers, whose handlers may be others, and
 * whose ports nobody would close. */
static int check_cluster(const struct process *process, struct diag *diag)
{
	pid_t worker = cluster_find_worker(process->pid);

	if (worker <= 0)
		return 0;
	return diag_fail(
		diag, -ENOTSUP,
		"pid %d (%s) is the primary of a node cluster, and would pass SIGUSR1 on to "
		"its workers: record a worker (pid %d is one), or start the primary with "
		"--inspect",
		process->pid, process->comm, worker);
}

int inspection_check_signal(const struct target *target, struct diag *diag)
{
	const struct process *process = &target->process;
	struct ht_task *tasks;
	size_t nr_tasks;
	int err;

	if (is_stopped(target))
		return diag_fail(diag, -ENOTSUP,
				 "pid %d (%s) is stopped and answers nobody: let it go on (kill "
				 "-CONT %d) and repeat",
				 process->pid, process->comm, process->pid);
	err = handler_find_node(target->space, diag);
	err = err ?: check_cluster(process, diag);
	err = err ?: task_info_read(process->pid, &tasks, &nr_tasks, diag);
	if (err)
		return err;
	err = handler_check(target->space, tasks[0].sigusr1, diag);
	free(tasks);
	return err;
}

static int open_port(struct inspection *inspection, struct diag *diag)
{
	const struct process *process = &inspection->target.process;
	struct port *port = &inspection->port;
	int err = port_find(process->pid, port, diag);

	if (!err && !inspection->quiet)
		cmd_message("the inspector of pid %d (%s) is open already at %s port %u and stays "
			    "so: node reports a debugger on the process's stderr",
			    process->pid, process->comm, port->address, port->listener.port);
	if (err != -ENOENT)
		return err;
	err = inspection_check_signal(&inspection->target, diag);
	if (err)
		return err;
	if (!inspection->quiet)
		cmd_message("opening the inspector of pid %d (%s) by SIGUSR1: it listens at a port "
			    "of its loopback, to whoever can reach it, until the end of this run, "
			    "and reports that on its stderr",
			    process->pid, process->comm);
	err = port_open(process->pid, inspection->target.pidfd, port, diag);
	if (err)
		return err;
	inspection->opened = true;
	if (!inspection->quiet)
		cmd_message("the inspector is open at %s port %u", port->address,
			    port->listener.port);
	return 0;
}

int inspection_open(pid_t pid, bool quiet, struct inspection *ret, struct diag *diag)
{
	int err;

	*ret = (struct inspection){.quiet = quiet, .target.pidfd = -1};
	err = target_open(pid, NULL, &ret->target, diag);
	err = err ?: open_port(ret, diag);
	return err ?: port_connect(&ret->port, &ret->protocol, diag);
}

/* Has the process close the port that was opened in it. It must not be in its last moments, when
 * it waits for us to leave and then closes it anyway. */
static int ask_to_close(struct inspection *inspection, unsigned int timeout_ms, struct diag *diag)
{
	int err = 0;

	if (inspection->lost)
		return 0;
	if (!inspection->protocol) /* it opened, and then would not talk */
		err = port_connect(&inspection->port, &inspection->protocol, diag);
	else if (protocol_is_waited_for(inspection->protocol))
		return 0;
	return err ?: port_schedule_close(inspection->protocol, timeout_ms, diag);
}

static void close_port(struct inspection *inspection)
{
	const struct port *port = &inspection->port;
	bool stopped = is_stopped(&inspection->target);
	unsigned int timeout_ms = stopped ? STOPPED_TIMEOUT_MS : PORT_CLOSE_TIMEOUT_MS;
	struct diag diag = {0};
	struct process process;
	int err = ask_to_close(inspection, timeout_ms, &diag);

	protocol_close(inspection->protocol);
	inspection->protocol = NULL;
	err = port_wait_closed(port, timeout_ms) ? err ?: -ETIMEDOUT : 0;
	if (err)
		cmd_warning("the inspector of pid %d is still open at %s port %u (%s): close it by "
			    "process._debugEnd() in it, or with its end",
			    port->pid, port->address, port->listener.port,
			    stopped	   ? "it closes when the process goes on"
			    : diag.text[0] ? diag.text
					   : "it closes when the program is less busy");
	else if (!inspection->quiet && !inspection->lost && !process_read(port->pid, &process) &&
		 process.state != 'Z')
		cmd_message("the inspector of pid %d is closed again", port->pid);
}

void inspection_close(struct inspection *inspection)
{
	if (inspection->opened)
		close_port(inspection);
	protocol_close(inspection->protocol);
	inspection->protocol = NULL;
	target_close(&inspection->target);
}
