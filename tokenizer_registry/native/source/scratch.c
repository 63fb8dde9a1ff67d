#include "scratch.h"

#include <stdlib.h>

#define KEPT_BYTES (1u << 20)

void *scratch_room(struct scratch *scratch, size_t size) {
    if (size <= scratch->size) return scratch->room;
    void *room = realloc(scratch->room, size + size / 2);
    if (!room) return NULL;
    scratch->room = room;
    scratch->size = size + size / 2;
    return room;
}

void scratch_free(struct scratch *scratch) {
    free(scratch->room);
    scratch->room = NULL;
    scratch->size = 0;
}

void scratch_shrink(struct scratch *scratch) {
    if (scratch->size > KEPT_BYTES) scratch_free(scratch);
}
