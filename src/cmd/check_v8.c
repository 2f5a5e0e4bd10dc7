// SPDX-License-Identifier: Apache-2.0
/*
 * The lines of a process with V8. What its file says is all that is asked: no port of the process
 * is connected to, so whether its inspector is open already stays unknown.
 */
#include "cmd/check_v8.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/inspection.h"
#include "collect/javascript.h"
#include "collect/v8_probes.h"

#define LINE "%-15s %-8s "

static void say_version(const struct v8_file *file)
{
	const struct v8_layout *layout = &file->layout;

	printf(LINE "%u.%u.%u.%u in %s%s\n", "V8", "yes", layout->major, layout->minor,
	       layout->build, layout->patch, file->object->path,
	       file->object->deleted ? " (deleted)" : "");
}

static void say_names(const struct javascript *javascript)
{
	const char *state = javascript->unreadable ? "no" : *javascript->note ? "partly" : "yes";

	printf(LINE "%s\n", "  names", state,
	       *javascript->note ? javascript->note
				 : "JavaScript frames have function, file and line");
}

static void say_probes(const struct space *space, const char *what, uint32_t programs,
		       const char *use)
{
	struct v8_probes probes;
	struct diag diag = {0};

	if (v8_probes_find(space, programs, &probes, &diag))
		printf(LINE "%s\n", what, "no", diag.text);
	else
		printf(LINE "%s; %.0f of %u probes are single-stepped\n", what, "yes", use,
		       probes.nr * v8_probes_stepped_share(&probes), probes.nr);
	v8_probes_done(&probes);
}

static void say_inspector(const struct target *target)
{
	struct diag diag = {0};
	int err = inspection_check_signal(target, &diag);

	printf(LINE "%s\n", "  inspector", err ? "no" : "yes",
	       err ? diag.text
		   : "--inspector can be used: SIGUSR1 opens the port, unless it is open already");
}

void check_v8(const struct target *target)
{
	struct javascript javascript = {0};
	int err = javascript_examine(&javascript, target->space);

	if (err) {
		printf(LINE "%s\n", "V8", "unknown", strerror(-err));
	} else if (javascript.file.object || javascript.unreadable) {
		if (javascript.file.object)
			say_version(&javascript.file);
		else
			printf(LINE "its version is not known, or it cannot be read\n", "V8",
			       "yes");
		say_names(&javascript);
		say_probes(target->space, "  collections", KERNEL_PROGRAMS_GC,
			   "for heaptap gc and --source gc");
		say_probes(target->space, "  allocations", KERNEL_PROGRAMS_JS, "for --source js");
		say_inspector(target);
	}
	javascript_done(&javascript);
}
