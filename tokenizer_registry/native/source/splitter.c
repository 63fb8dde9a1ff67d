#include "splitter.h"

static const u8 *end_of_body(const struct splitter *s, const u8 *text, const u8 *end) {
    while (end > text) {
        const u8 *last = character_before(end);
        if (!(s->style->kinds[class_of(s->all, last)] & WHITE_SPACE)) break;
        end = last;
    }
    return end;
}

/* Read the block behind the one whose borders are being used. */
static void open_block(struct splitter *s) {
    struct kinds kinds = s->next;
    s->next = read_kinds(&s->reader, s->block + BLOCK_BYTES);
    s->borders = find_borders(&s->state, s->style->style, s->block, s->end, &kinds, &s->next);
    if (s->body - s->block < BLOCK_BYTES) s->borders.all &= ((u64)1 << (s->body - s->block)) - 1;
}

struct splitter start_splitting(
    const struct split *split, const struct border_style *style, const struct characters *all, const u8 *text,
    const u8 *end
) {
    struct splitter s = {.split = split, .all = all, .style = style, .at = text, .block = text, .body = text, .end = end};
    if (!style->kinds) return s;
    s.body = end_of_body(&s, text, end);
    if (s.body == text) return s;
    u32 has_controls = style->style & OTHER_CONTROLS;
    s.reader = (struct kinds_reader){all, style->kinds, end, .flags = ~(u32)0, .has_controls = has_controls};
    s.next = read_kinds(&s.reader, text);
    open_block(&s);
    s.borders.all &= ~(u64)1;
    return s;
}

/* Put one match into `pieces` and return 1; return 0 if there is none here. */
static u32 match_piece(struct splitter *s, struct piece *pieces) {
    const u8 *found = match_split(s->split, s->all, s->at, s->end);
    if (found) *pieces = (struct piece){s->at, (u32)(found - s->at)};
    s->at = found ? found : s->at + step(s->split, s->at);
    return found != NULL;
}

static inline u64 from(u64 mask, u32 bit) { return mask >> bit << bit; }

/* Match from the beginning of the piece that has an unsure place to a solid border. */
static u32 match_to_solid(struct splitter *s, struct piece *pieces, u32 room) {
    u32 count = 0;
    while (count < room && s->at < s->block + BLOCK_BYTES && s->at < s->body) {
        count += match_piece(s, pieces + count);
        if (s->at < s->block || s->at >= s->block + BLOCK_BYTES) continue;
        u32 bit = (u32)(s->at - s->block);
        if (!((s->borders.solid & s->borders.all) >> bit & 1)) continue;
        s->is_matching = 0;
        s->borders.all = from(s->borders.all, bit) & ~((u64)1 << bit);
        s->borders.unsure = from(s->borders.unsure, bit);
        break;
    }
    return count;
}

static inline u32 take_border(struct splitter *s, struct piece *pieces) {
    const u8 *border = s->block + __builtin_ctzll(s->borders.all);
    *pieces = (struct piece){s->at, (u32)(border - s->at)};
    s->at = border;
    s->borders.all &= s->borders.all - 1;
    return 1;
}

/* Take pieces up to the end of the block. `is_done`: there are no more. */
static u32 take_unsure_block(struct splitter *s, struct piece *pieces, int *is_done) {
    u32 count = 0;
    while (count < BLOCK_BYTES) {
        u64 first = s->borders.all & -s->borders.all;
        if (s->is_matching) count += match_to_solid(s, pieces + count, BLOCK_BYTES - count);
        else if (s->borders.unsure & (first - 1)) s->is_matching = 1;
        else if (first) count += take_border(s, pieces + count);
        *is_done = s->is_matching ? s->at >= s->block + BLOCK_BYTES || s->at >= s->body
                                  : !(s->borders.all | s->borders.unsure);
        if (*is_done) break;
    }
    return count;
}

/* With numbers of its own: what is written to `pieces` might change those of the splitter. */
static u32 take_block(struct splitter *s, struct piece *pieces) {
    const u8 *at = s->at, *block = s->block;
    u32 count = 0;
    for (u64 left = s->borders.all; left; left &= left - 1) {
        const u8 *border = block + __builtin_ctzll(left);
        pieces[count++] = (struct piece){at, (u32)(border - at)};
        at = border;
    }
    s->at = at;
    s->borders.all = 0;
    return count;
}

u32 next_pieces(struct splitter *s, struct piece *pieces) {
    u32 count = 0;
    while (s->block < s->body) {
        int is_done = 1;
        if (count + BLOCK_BYTES > MAX_PIECES) return count;
        if (s->borders.unsure || s->is_matching) count += take_unsure_block(s, pieces + count, &is_done);
        else count += take_block(s, pieces + count);
        if (!is_done) continue;
        s->block += BLOCK_BYTES;
        if (s->block < s->body) open_block(s);
    }
    while (s->at < s->end && count < MAX_PIECES) count += match_piece(s, pieces + count);
    return count;
}
