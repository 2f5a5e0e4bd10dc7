/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The USDT probes by which a file tells of the allocations that its own sampler picks
 * (heaptap/told.h). Each place is a probe; those of one name share a number.
 */
#ifndef HEAPTAP_COLLECT_TOLD_PROBES_H
#define HEAPTAP_COLLECT_TOLD_PROBES_H

#include "collect/probes.h"

/* Does @object carry such probes, of both kinds? Asked once for each file. */
bool told_probes_exist(struct object *object);

/* As probes_find(). */
int told_probes_find(struct object *object, unsigned int first, struct probes *ret,
		     struct diag *diag);

#endif
