/*TOP*/
#ifndef WEIGHBRIDGE_PRE_TOKENIZER_H
#define WEIGHBRIDGE_PRE_TOKENIZER_H

#include "characters.h"

enum { RUN, NOT_AHEAD, AT_END, GUARDED_RUN, MAYBE };

/* One part of an alternative. `set` is a bit of the masks.
   RUN: `least` to `most` characters of the set, as many as can be, and then, unless it `keeps` them, fewer.
   NOT_AHEAD: none of the set follows. AT_END: nothing follows. GUARDED_RUN: characters of the set, each not followed by
   one of `other`. MAYBE: the first of the alternatives `least` to `most` of the program that matches here, or nothing. */
struct part {
    u32 kind, set, other, keeps, least, most;
};

struct alternative {
    u32 first_part, parts;
};

/* `may_begin[class]`: the alternatives that a character of the class can begin, which are tried in their order. */
struct split {
    u32 drops_gaps; /* what the pattern does not match is no piece */
    u32 is_of_bytes; /* it cuts behind a step that put a letter for each byte, and sees these letters */
    const u32 *class_of_byte; /* the class of a byte's letter */
    const u32 *masks; /* by class */
    const u32 *may_begin;
    const u32 *masks_of_ascii; /* by byte, for what most characters are */
    const struct alternative *all;
    const struct part *parts;
};

static inline u32 class_in(const struct split *split, const struct characters *all, const u8 *at) {
    return split->is_of_bytes ? split->class_of_byte[*at] : class_of(all, at);
}

/* The bytes of what the pattern takes for one character. */
static inline u32 step(const struct split *split, const u8 *at) {
    return split->is_of_bytes ? 1 : character_length(*at);
}

/* The end of the match that begins at this very place, or NULL. It is never empty. */
const u8 *match_at(const struct split *split, const struct characters *all, const u8 *at, const u8 *end);

#endif
