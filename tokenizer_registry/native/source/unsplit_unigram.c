#include "unsplit_unigram.h"

#include <math.h>

/* The best segmentation up to a place of the text. */
struct path {
    float score;
    u32 count;
};

/* Above the bytes of a character. */
#define MIN_PLACES 8

/* Below this, scores are counted from 0 again, so that floats do not become too coarse to tell paths apart. */
#define MIN_SCORE (-100000.0f)

/* A place shares its path with those further back, which no piece reaches from here: so a text of any length takes the
   memory of the longest piece. */
struct paths {
    struct path *all;
    u32 mask;
};

static inline struct path *path_to(const struct paths *paths, u32 place) { return paths->all + (place & paths->mask); }

/* What is not a number is not better. */
static inline void offer(struct path *path, float score, u32 count) {
    int is_better = score > path->score;
    path->score = is_better ? score : path->score;
    path->count = is_better ? count : path->count;
}

/* Take the score of the path to a place off all paths behind it, which are less than a piece away. */
static void count_from_zero(const struct paths *paths, u32 place) {
    float score = path_to(paths, place)->score;
    for (u32 at = 0; at <= paths->mask; at++) paths->all[at].score -= score;
}

/* Offer all pieces that begin here. */
static void extend(
    const struct unsplit_unigram *model, const u8 *text, u32 length, u32 begin, const struct paths *paths
) {
    const struct trie_unit *units = model->pieces.units;
    if (path_to(paths, begin)->score < MIN_SCORE) count_from_zero(paths, begin);
    struct path before = *path_to(paths, begin);
    path_to(paths, begin)->score = -INFINITY;
    u32 single = begin + character_length(text[begin]), has_single = 0;
    struct trie_unit unit = units[0];
    for (u32 at = begin; at < length;) {
        unit = units[base_of(unit) + text[at]];
        if (label_of(unit) != text[at]) break;
        at++;
        has_single |= at == single && unit.score == unit.score;
        offer(path_to(paths, at), unit.score + before.score, before.count + 1);
    }
    if (!has_single)
        offer(path_to(paths, single), model->unknown_score + before.score, before.count + single - begin);
}

u32 count_unsplit_unigram(const struct unsplit_unigram *model, const u8 *text, u32 length, struct scratch *scratch) {
    u32 places = MIN_PLACES;
    while (places <= model->pieces.longest) places *= 2;
    struct paths paths = {scratch_reserve(scratch, places * sizeof *paths.all), places - 1};
    if (!paths.all) return UINT32_MAX;
    for (u32 at = 0; at < places; at++) paths.all[at] = (struct path){-INFINITY, 0};
    *path_to(&paths, 0) = (struct path){0, 0};
    for (u32 at = 0; at < length; at += character_length(text[at])) extend(model, text, length, at, &paths);
    return path_to(&paths, length)->count;
}
