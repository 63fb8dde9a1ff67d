/* Copies of the vocabularies that are used most, in huge pages. Their packed files are in small ones, which all processes
   share.

   Invariant: a call may go on with the vocabulary that a copy replaces, which is kept until its set is freed. */
#ifndef WEIGHBRIDGE_HOT_VOCABULARIES_H
#define WEIGHBRIDGE_HOT_VOCABULARIES_H

#include "batch.h"

/* So many vocabularies of a set are copied, each after it has counted so many bytes alone. */
#define MAX_COPIES 4
#define BYTES_BEFORE_COPY (1u << 18)

/* Count the bytes of another text; copy the vocabulary in the slot if it is due. */
void note_use(struct counter_set *set, u32 slot, u32 bytes);

/* Free the vocabulary in a slot and its copy. */
void free_vocabulary(struct counter_set *set, u32 slot);

#endif
