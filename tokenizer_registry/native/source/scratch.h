/* Growing working memory, kept from text to text.

   Invariant: what was written stays there when the memory grows. */
#ifndef WEIGHBRIDGE_SCRATCH_H
#define WEIGHBRIDGE_SCRATCH_H

#include <stddef.h>

struct scratch {
    void *memory;
    size_t size;
};

/* Return at least `size` bytes, with their former content; NULL if there is no memory. */
void *scratch_reserve(struct scratch *scratch, size_t size);

void scratch_free(struct scratch *scratch);

/* Free what is more than an ordinary text needs. */
void scratch_shrink(struct scratch *scratch);

#endif
