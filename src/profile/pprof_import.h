/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded pprof message into the model: ids to indices, string numbers to strings. It knows
 * neither files nor compression; the message is foreign and not trusted.
 */
#ifndef HEAPTAP_PROFILE_PPROF_IMPORT_H
#define HEAPTAP_PROFILE_PPROF_IMPORT_H

#include "pprof.pb-c.h"
#include "profile/profile.h"
#include "util/diag.h"

/* 0 or, with @diag filled: -EINVAL broken, -ENOMSG no memory in it, or not known which type is it;
 * -ENOMEM. @type as for pprof_read_type(). */
int pprof_import(const Perftools__Profiles__Profile *message, const char *type,
		 struct profile **ret, struct diag *diag);

#endif
