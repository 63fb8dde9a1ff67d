/* Working memory, kept from text to text unless a long one made it large. */
#ifndef WEIGHBRIDGE_SCRATCH_H
#define WEIGHBRIDGE_SCRATCH_H

#include <stddef.h>

struct scratch {
    void *memory;
    size_t size;
};

/* Room for so many bytes, with what it held before; NULL if there is no memory. */
void *scratch_reserve(struct scratch *scratch, size_t size);

void scratch_free(struct scratch *scratch);

/* Give back what is more than a text of ordinary size needs. */
void scratch_shrink(struct scratch *scratch);

#endif
