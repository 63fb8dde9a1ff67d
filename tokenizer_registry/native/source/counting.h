/*TOP*/
#ifndef WEIGHBRIDGE_COUNTING_H
#define WEIGHBRIDGE_COUNTING_H

#include "cache.h"
#include "scratch.h"
#include "vocabulary.h"

/* What a call works in. */
struct buffers {
    struct scratch text, symbols, work;
};

/* Pieces that were met before, and the place of the vocabulary in their counts; no `cache` where none are kept. */
struct pre_token_cache {
    struct pre_token_entry *entries;
    u32 place;
};

/* The number of tokens so far, and what it takes to go on. Behind the text it may be read up to `end`. `failed`: an
   enum failure. */
struct counting {
    const struct vocabulary *vocabulary;
    const struct characters *all;
    struct buffers *buffers;
    struct pre_token_cache known;
    const u8 *end;
    u32 count;
    int failed;
};

static inline void add(struct counting *c, u32 count) {
    if (count == UINT32_MAX) c->failed = NO_MEMORY;
    else c->count += count;
}

#endif
