#include "places.h"

#include <pthread.h>
#include <stdatomic.h>

#define SPARE ((u64)1 << MAX_CALLS)

static struct place places[MAX_CALLS + 1];
/* A bit for each place. */
static _Atomic u64 taken;
static _Atomic u64 shared = SPARE - 1;
static atomic_uint waiting;
/* Held for moments only, and never while anything is counted. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

static void lock_places(void) { pthread_mutex_lock(&lock); }

static void unlock_places(void) { pthread_mutex_unlock(&lock); }

/* In a child of fork no thread lives that could release what was taken. Its counter may be in the middle of a change:
   all is dropped but the rows, which are cleared for the next plan. */
static void forget_threads(void) {
    for (u64 left = atomic_exchange(&taken, 0); left; left &= left - 1) {
        struct counter *counter = &places[__builtin_ctzll(left)].counter;
        *counter = (struct counter){.rows = counter->rows};
    }
    atomic_store(&waiting, 0);
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&released, NULL);
}

__attribute__((constructor)) static void follow_forks(void) {
    pthread_atfork(lock_places, unlock_places, forget_threads);
}

void allow_calls(u32 count) {
    u32 allowed = count < 1 ? 1 : count > MAX_CALLS ? MAX_CALLS : count;
    atomic_store(&shared, ((u64)1 << allowed) - 1);
}

static struct place *try_places(u64 usable) {
    u64 seen = atomic_load(&taken), bit;
    do {
        bit = ~seen & usable & -(~seen & usable);
        if (!bit) return NULL;
    } while (!atomic_compare_exchange_weak(&taken, &seen, seen | bit));
    u32 number = (u32)__builtin_ctzll(bit);
    places[number].number = number;
    return places + number;
}

struct place *take_place(int holds_lock) {
    u64 usable = atomic_load(&shared) | (holds_lock ? SPARE : 0);
    struct place *place = try_places(usable);
    if (place) return place;
    lock_places();
    atomic_fetch_add(&waiting, 1);
    /* Looked for once more behind the addition: whoever releases a place after that sees who waits. */
    while (!(place = try_places(usable))) pthread_cond_wait(&released, &lock);
    atomic_fetch_sub(&waiting, 1);
    unlock_places();
    return place;
}

struct place *take_place_again(u32 number) { return try_places((u64)1 << number); }

void release_place(struct place *place) {
    u32 number = place->number;
    counter_shrink(&place->counter);
    atomic_fetch_and(&taken, ~((u64)1 << number));
    if (!atomic_load(&waiting)) return;
    lock_places();
    /* The spare place is of use to some of them only. */
    if (number == MAX_CALLS) pthread_cond_broadcast(&released);
    else pthread_cond_signal(&released);
    unlock_places();
}
