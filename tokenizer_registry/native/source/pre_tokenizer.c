#include "pre_tokenizer.h"

struct matching {
    const struct split *split;
    const struct characters *all;
    const u8 *end;
};

static inline u32 is_in(const struct matching *m, u32 set, const u8 *at) {
    if (*at < 0x80) return m->split->masks_of_ascii[*at] & set;
    return m->split->masks[class_in(m->split, m->all, at)] & set;
}

static const u8 *match_parts(const struct matching *m, const struct part *part, u32 left, const u8 *at);

static const u8 *match_run(const struct matching *m, const struct part *part, u32 left, const u8 *at) {
    u32 count = 0;
    while (count < part->most && at < m->end && is_in(m, part->set, at)) {
        at += step(m->split, at);
        count++;
    }
    if (count < part->least) return NULL;
    if (left == 1) return at;
    for (;; count--) {
        const u8 *found = match_parts(m, part + 1, left - 1, at);
        if (found || part->keeps || count == part->least) return found;
        at = m->split->is_of_bytes ? at - 1 : character_before(at);
    }
}

static const u8 *match_guarded(const struct matching *m, const struct part *part, const u8 *at) {
    const u8 *begin = at;
    while (at < m->end && is_in(m, part->set, at)) {
        const u8 *next = at + step(m->split, at);
        if (next < m->end && is_in(m, part->other, next)) break;
        at = next;
    }
    return at > begin ? at : NULL;
}

static const u8 *match_maybe(const struct matching *m, const struct part *part, const u8 *at) {
    for (u32 number = part->least; number < part->most; number++) {
        const struct alternative *one = m->split->all + number;
        const u8 *found = match_parts(m, m->split->parts + one->first_part, one->parts, at);
        if (found) return found;
    }
    return at;
}

static const u8 *match_parts(const struct matching *m, const struct part *part, u32 left, const u8 *at) {
    for (; left; part++, left--) {
        switch (part->kind) {
        case RUN:
            return match_run(m, part, left, at);
        case NOT_AHEAD:
            if (at < m->end && is_in(m, part->set, at)) return NULL;
            break;
        case AT_END:
            if (at != m->end) return NULL;
            break;
        case GUARDED_RUN:
            at = match_guarded(m, part, at);
            if (!at) return NULL;
            break;
        default:
            at = match_maybe(m, part, at);
        }
    }
    return at;
}

const u8 *match_split(const struct split *split, const struct characters *all, const u8 *at, const u8 *end) {
    struct matching m = {split, all, end};
    u32 candidates = split->may_begin[class_in(split, all, at)];
    for (; candidates; candidates &= candidates - 1) {
        const struct alternative *one = split->all + __builtin_ctz(candidates);
        const u8 *found = match_parts(&m, split->parts + one->first_part, one->parts, at);
        if (found && found > at) return found;
    }
    return NULL;
}
