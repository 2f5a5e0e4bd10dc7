/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel and this user can do, found by doing it: each feature is tried on heaptap's own
 * process. Nothing is guessed from a version number.
 */
#ifndef HEAPTAP_COLLECT_CAPS_H
#define HEAPTAP_COLLECT_CAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/diag.h"

/*
 * In Linux 6.6 to 6.9 the process filter of uprobe_multi matched one thread of the process: those
 * kernels fail the trial and get perf uprobes, since the alternative, no filter, would slow down
 * every process that maps the same library.
 *
 * X(name, what it is, what is used without it)
 */
#define CAPS_FEATURES(X)                                                                           \
	X(session, "session uprobes (Linux 6.13)", "entry and return probes")                      \
	X(multi, "uprobe_multi links that filter by process (Linux 6.10)",                         \
	  "one perf uprobe per function")

enum caps_feature {
#define X(name, text, fallback) CAPS_##name,
	CAPS_FEATURES(X)
#undef X
		NR_CAPS_FEATURES
};

struct caps {
	bool has[NR_CAPS_FEATURES];
	bool disabled[NR_CAPS_FEATURES]; /* switched off by the user, not tried */
};

const char *caps_feature_name(enum caps_feature feature);
const char *caps_feature_text(enum caps_feature feature);
const char *caps_feature_fallback(enum caps_feature feature);

/* Comma-separated names to switch off. -EINVAL for an unknown one. */
int caps_disable(struct caps *caps, const char *names);

/*
 * Tries everything that is not disabled. 0, or -EPERM / -EACCES when the kernel refuses BPF
 * programs or uprobes to this user; @diag then names the capability.
 */
int caps_detect(struct caps *caps, struct diag *diag);

#endif
