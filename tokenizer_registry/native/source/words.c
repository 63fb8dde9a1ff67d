#include "words.h"

const u8 *next_cut(const struct characters *all, const u8 *at, const u8 *body, const u8 *end) {
    for (at++; at < body; at++) {
        if (*at > ' ') continue;
        if (*at == ' ') {
            if (flags_of(all, character_before(at)) & MAY_END_WORD && flags_of(all, at + 1) & MAY_BEGIN_WORD) return at;
        } else if (*at == '\n' && flags_of(all, character_before(at)) & MAY_END_LINE) {
            return at;
        }
    }
    return end;
}

const u8 *end_of_body(const struct characters *all, const u8 *text, const u8 *end) {
    while (end > text) {
        const u8 *last = character_before(end);
        if (!(flags_of(all, last) & WHITE)) break;
        end = last;
    }
    return end;
}
