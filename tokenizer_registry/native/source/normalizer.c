#include "normalizer.h"

/* A byte becomes at most this many: the three bytes of U+FDFA become 33. */
#define MAX_BYTES 12

static u8 *put(u8 *to, const u8 *from, u32 length) { return (u8 *)memcpy(to, from, length) + length; }

static u8 *put_mapped(const struct vocabulary *v, u8 *to, const u8 *at, u32 size) {
    u32 number = find_string(&v->changed, at, size);
    if (number == ABSENT) return NULL;
    u32 begin = v->changed_places[number];
    return put(to, v->changed_into + begin, v->changed_places[number + 1] - begin);
}

/* The normalizer of SentencePiece looks up graphemes of fewer than six bytes as a whole, longer ones by character. */
#define LONG_CHARACTER 3

static int joins_shortly(const u8 *text, const u8 *at, u32 size) {
    return size < LONG_CHARACTER || (at > text && character_length(*character_before(at)) < LONG_CHARACTER);
}

static u32 left_out_in(u32 form) {
    if (form == PLAIN_IN_BERT) return LEFT_OUT_IN_BERT;
    return form == PLAIN_IN_CASED_BERT ? LEFT_OUT_IN_CASED_BERT : 0;
}

static u32 a_word_in(u32 form) {
    if (form == PLAIN_IN_BERT) return A_WORD_IN_BERT;
    return form == PLAIN_IN_CASED_BERT ? A_WORD_IN_CASED_BERT : 0;
}

static u8 *put_normalized(const struct vocabulary *v, u32 flags, u8 *to, const u8 *at, u32 size) {
    if (flags & v->plain) return put(to, at, size);
    if (flags & left_out_in(v->plain)) return to;
    if (flags & a_word_in(v->plain)) {
        *to++ = ' ';
        to = put(to, at, size);
        *to++ = ' ';
        return to;
    }
    return put_mapped(v, to, at, size);
}

u8 *normalize(
    const struct vocabulary *vocabulary, const struct characters *all, const u8 *text, u32 *length,
    struct scratch *scratch, int *failed
) {
    u8 *begin = scratch_reserve(scratch, (size_t)*length * MAX_BYTES + 1), *to = begin;
    const u8 *end = text + *length;
    if (!begin) *failed = NO_MEMORY;
    for (const u8 *at = text; to && at < end;) {
        u32 size = character_length(*at), flags = flags_of(all, at);
        int joins = vocabulary->plain == PLAIN_IN_NMT_NFKC && flags & JOINS_IN_NMT_NFKC;
        if (joins && joins_shortly(text, at, size)) to = NULL;
        else to = put_normalized(vocabulary, flags, to, at, size);
        at += size;
    }
    if (to && to - begin > MAX_TEXT_BYTES) {
        *failed = TOO_LONG;
        to = NULL;
    }
    *length = to ? (u32)(to - begin) : 0;
    return to ? begin : NULL;
}

/* Readable bytes behind the text, so that keys of pre-tokens are loaded in one step. */
#define READABLE 16

/* A byte becomes at most this many: U+0130 becomes an i and a mark, three bytes of two. */
#define MAX_LOWER_BYTES 2

u8 *lower_case(struct counting *c, const u8 *text, u32 *length) {
    size_t size = (size_t)*length * MAX_LOWER_BYTES + READABLE;
    u8 *begin = scratch_reserve(&c->buffers->text, size), *to = begin;
    if (!begin) {
        c->failed = NO_MEMORY;
        return NULL;
    }
    for (const u8 *at = text, *end = text + *length; at < end;) {
        u32 bytes = character_length(*at);
        u8 *next = *at < 0x80 ? NULL : put_mapped(c->vocabulary, to, at, bytes);
        if (next) to = next;
        else if (*at >= 'A' && *at <= 'Z') *to++ = *at + ('a' - 'A');
        else to = put(to, at, bytes);
        at += bytes;
    }
    if (to - begin > MAX_TEXT_BYTES) {
        c->failed = TOO_LONG;
        return NULL;
    }
    *length = (u32)(to - begin);
    c->end = to + READABLE;
    return begin;
}

const u8 *with_meta_spaces(struct counting *c, const u8 *text, u32 *length, int is_first) {
    size_t spaces = 0, is_put = is_first && c->vocabulary->puts_space_first;
    for (u32 at = 0; at < *length; at++) spaces += text[at] == ' ';
    if (!spaces && !is_put) return text;
    size_t size = *length + spaces * (sizeof META_SPACE - 1) + is_put * sizeof META_SPACE;
    u8 *begin = size <= MAX_TEXT_BYTES ? scratch_reserve(&c->buffers->text, size + READABLE) : NULL, *to = begin;
    if (!begin) {
        c->failed = size <= MAX_TEXT_BYTES ? NO_MEMORY : TOO_LONG;
        return NULL;
    }
    if (is_put) to = put(to, META_SPACE, sizeof META_SPACE);
    for (u32 at = 0; at < *length; at++) {
        if (text[at] == ' ') to = put(to, META_SPACE, sizeof META_SPACE);
        else *to++ = text[at];
    }
    *length = (u32)(to - begin);
    c->end = to + READABLE;
    return begin;
}

static inline int is_plain(const struct counting *c, const u8 *at) {
    return *at < 0x80 || flags_of(c->all, at) & c->vocabulary->plain;
}

/* Return whether a character that is composed behind some others stays as it is here. A mark is known to do so only if no
   other one is beside it; another character is composed with its neighbour alone. */
static int stays(const struct counting *c, const u8 *text, const u8 *at, const u8 *end) {
    const struct changing_pair *pair = pairs_with(c->all, code_point(at));
    if (at == text || pair->second != code_point(at)) return 0;
    const u8 *before = character_before(at), *next = at + character_length(*at);
    u32 first = code_point(before), marked = pair->first & IS_MARKED;
    if (!is_plain(c, before)) return !marked && combining_class(flags_of(c->all, before));
    if (marked && next < end && !is_plain(c, next)) return 0;
    for (u32 second = pair->second; pair->second == second; pair++)
        if ((pair->first & ~IS_MARKED) == first) return 0;
    return 1;
}

const u8 *find_unnormalized(const struct counting *c, const u8 *text, const u8 *end) {
    u32 class_before = 0;
    for (const u8 *at = text; at < end; at += character_length(*at)) {
        u32 flags = *at < 0x80 ? c->vocabulary->plain : flags_of(c->all, at), class = combining_class(flags);
        int is_open = !(flags & c->vocabulary->plain) && (!class || class < class_before);
        if (is_open && (class || !stays(c, text, at, end))) return at;
        class_before = class;
    }
    return NULL;
}
