/* Split patterns, which cut a text into pre-tokens, as small programs.

   Invariant: a match is never empty, so that splitting always advances. */
#ifndef WEIGHBRIDGE_PRE_TOKENIZER_H
#define WEIGHBRIDGE_PRE_TOKENIZER_H

#include "characters.h"

enum { RUN, NOT_AHEAD, AT_END, GUARDED_RUN, MAYBE };

/* One part of an alternative. `set`, `other`: bits of the masks.
   RUN: `least` to `most` characters of the set, as many as possible, then fewer unless it `keeps` them (possessive).
   NOT_AHEAD: no character of the set follows. AT_END: nothing follows. GUARDED_RUN: characters of the set, each not
   followed by one of `other`. MAYBE: the first alternative of `least` to `most` of the program that matches here, or
   nothing. */
struct part {
    u32 kind, set, other, keeps, least, most;
};

struct alternative {
    u32 first_part, parts;
};

/* `may_begin[class]`: the alternatives that a character of the class can begin, tried in order. */
struct split {
    u32 drops_gaps; /* text that the pattern does not match is dropped, not a pre-token */
    u32 is_of_bytes; /* it follows the step that maps bytes to letters, and matches these letters */
    const u32 *class_of_byte; /* the class of the letter for a byte */
    const u32 *masks; /* by class */
    const u32 *may_begin;
    const u32 *masks_of_ascii; /* by byte, as most characters are ASCII */
    const struct alternative *all;
    const struct part *parts;
};

static inline u32 class_in(const struct split *split, const struct characters *all, const u8 *at) {
    return split->is_of_bytes ? split->class_of_byte[*at] : class_of(all, at);
}

/* Return the bytes of what the pattern takes for one character. */
static inline u32 step(const struct split *split, const u8 *at) {
    return split->is_of_bytes ? 1 : character_length(*at);
}

/* Return the end of the match that begins exactly here, or NULL. */
const u8 *match_split(const struct split *split, const struct characters *all, const u8 *at, const u8 *end);

#endif
