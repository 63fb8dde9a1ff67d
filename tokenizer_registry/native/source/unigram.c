#include "unigram.h"

/* The best way to a place of the word: what it scores, where its last token begins, and which that is. */
struct way {
    double score;
    u32 begin, token;
};

#define NO_WAY UINT32_MAX

static void offer(struct way *way, double score, u32 begin, u32 token) {
    if (way->begin == NO_WAY || score > way->score) *way = (struct way){score, begin, token};
}

static void extend(const struct unigram *model, const u8 *word, u32 length, u32 begin, struct way *ways) {
    double score = ways[begin].score;
    u32 single = begin + character_length(word[begin]), has_single = 0;
    for (u32 end = single;; end += character_length(word[end])) {
        u32 token = find_string(&model->tokens, word + begin, end - begin);
        if (token == ABSENT) break;
        if (model->scores[token] == model->scores[token]) {
            offer(ways + end, model->scores[token] + score, begin, token);
            has_single |= end == single;
        }
        if (end == length) break;
    }
    if (!has_single) offer(ways + single, model->unknown_score + score, begin, model->unknown);
}

u32 count_unigram(const struct unigram *model, const u8 *word, u32 length, struct scratch *scratch) {
    struct way *ways = scratch_room(scratch, ((size_t)length + 1) * sizeof *ways);
    if (!ways) return ABSENT;
    for (u32 at = 0; at <= length; at++) ways[at] = (struct way){0, NO_WAY, 0};
    for (u32 at = 0; at < length; at += character_length(word[at])) extend(model, word, length, at, ways);
    u32 count = 0, after = ABSENT;
    for (u32 at = length; at; at = ways[at].begin) {
        if (ways[at].token != model->unknown || after != model->unknown) count++;
        after = ways[at].token;
    }
    return count;
}
