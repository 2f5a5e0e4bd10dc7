/* SPDX-License-Identifier: Apache-2.0 */
/* What a run was like, as notes of its profile: whom it watched, how, at what cost, what was lost.
 */
#ifndef HEAPTAP_CMD_RECORDING_NOTES_H
#define HEAPTAP_CMD_RECORDING_NOTES_H

#include "cmd/recording.h"

/* 0 or -errno. */
int recording_notes(const struct recording *recording, const struct snapshot *snapshot,
		    struct profile *profile);

/* What every recording says: heaptap's version, and the machine it was made on. */
int recording_note_origin(struct profile *profile);

#endif
