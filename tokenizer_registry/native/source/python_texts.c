/* Counts Python's own strings by functions that Python calls itself: to pass a small text and its counts through ctypes
   takes a tenth of the time of counting it, and Python's UTF-8 of it, in new memory, up to a third.

   All need Python's lock. */
#include <stdlib.h>

#include "code_points.h"
#include "weighbridge.h"
#include "workspaces.h"

/* Of Python's stable ABI, whose headers are not on every machine. */
struct python_method {
    const char *name;
    void *(*call)(void *self, void *const *arguments, intptr_t count);
    int flags;
    const char *documentation;
};
#define METH_FASTCALL 0x80
extern const char *PyUnicode_AsUTF8AndSize(void *text, intptr_t *size);
extern intptr_t PyUnicode_GetLength(void *text);
extern u32 *PyUnicode_AsUCS4(void *text, u32 *buffer, intptr_t size, int copy_null);
extern void *PyList_New(intptr_t size);
extern int PyList_SetItem(void *list, intptr_t place, void *item);
extern void *PyLong_FromLongLong(long long number);
extern void *PyLong_FromUnsignedLongLong(unsigned long long number);
extern int PyObject_IsTrue(void *object);
extern void *PyCapsule_New(void *pointer, const char *name, void (*destructor)(void *));
extern void *PyCapsule_GetPointer(void *capsule, const char *name);
extern void *PyCFunction_NewEx(struct python_method *method, void *self, void *module);
extern int PyErr_BadArgument(void);
extern void *PyErr_NoMemory(void);
extern void Py_DecRef(void *object);

#define CAPSULE "weighbridge.small_counter"
/* More code points are not counted here. */
#define MAX_CODE_POINTS (1 << 20)

struct small_counter {
    struct counter_set *set;
    u64 wanted;
};

/* The UTF-8 of a string; `bytes` is NULL, with an exception, if it has none. */
struct utf8 {
    const u8 *bytes;
    u64 length;
};

static struct utf8 python_utf8(void *text) {
    intptr_t length = 0;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &length);
    return (struct utf8){(const u8 *)bytes, (u64)length};
}

/* An ASCII string is its UTF-8. Python's own of any other would be kept with the string. */
static struct utf8 utf8_of(void *text, int is_ascii, struct scratch *scratch) {
    if (is_ascii) return python_utf8(text);
    intptr_t length = PyUnicode_GetLength(text);
    if (length < 0) return (struct utf8){0};
    size_t room = (size_t)length * sizeof(u32) + utf8_room((u64)length);
    u32 *code_points = length <= MAX_CODE_POINTS ? scratch_reserve(scratch, room) : NULL;
    if (!code_points || !PyUnicode_AsUCS4(text, code_points, length, 0)) return python_utf8(text);
    u8 *bytes = (u8 *)(code_points + length);
    u64 size = write_utf8(code_points, (u64)length, bytes);
    return size == ABSENT_UTF8 ? python_utf8(text) : (struct utf8){bytes, size};
}

/* Return 1 if the text is counted; 0 if words are unresolved, there is no memory, or it is too long; and -1 with an
   exception if it has a lone surrogate. */
static int count_string(const struct small_counter *own, void *text, int is_ascii, u64 *totals) {
    struct workspace *workspace = take_workspace(1);
    struct counter *counter = &workspace->counter;
    struct utf8 utf8 = utf8_of(text, is_ascii, &counter->given);
    int counted = utf8.bytes ? 0 : -1;
    if (utf8.bytes && utf8.length <= MAX_TEXT_BYTES)
        counted = !count_text(counter, own->set, utf8.bytes, (u32)utf8.length, own->wanted, 0, totals) &&
            !counter->unresolved_count;
    release_workspace(workspace);
    return counted;
}

/* Count the first argument, a string; the second says whether it is ASCII. Return as `count_string`. */
static int count_argument(const struct small_counter *own, void *const *arguments, intptr_t count, u64 *totals) {
    int is_ascii = count == 2 ? PyObject_IsTrue(arguments[1]) : PyErr_BadArgument() - 1;
    return !own || is_ascii < 0 ? -1 : count_string(own, arguments[0], is_ascii, totals);
}

static void *count_one(void *self, void *const *arguments, intptr_t count) {
    u64 totals[SLOTS] = {0};
    const struct small_counter *own = PyCapsule_GetPointer(self, CAPSULE);
    int counted = count_argument(own, arguments, count, totals);
    return counted < 0 ? NULL : PyLong_FromLongLong(counted ? (long long)totals[__builtin_ctzll(own->wanted)] : -1);
}

static void *count_each(void *self, void *const *arguments, intptr_t count) {
    u64 totals[SLOTS] = {0};
    const struct small_counter *own = PyCapsule_GetPointer(self, CAPSULE);
    int counted = count_argument(own, arguments, count, totals);
    if (counted < 0) return NULL;
    u64 wanted = counted ? own->wanted : 0;
    void *list = PyList_New(__builtin_popcountll(wanted));
    for (intptr_t place = 0; list && wanted; wanted &= wanted - 1)
        PyList_SetItem(list, place++, PyLong_FromUnsignedLongLong(totals[__builtin_ctzll(wanted)]));
    return list;
}

static struct python_method count_one_method = {"count_one", count_one, METH_FASTCALL, NULL};
static struct python_method count_each_method = {"count_each", count_each, METH_FASTCALL, NULL};

static void free_small_counter(void *capsule) { free(PyCapsule_GetPointer(capsule, CAPSULE)); }

static void *function_of(struct python_method *method, struct counter_set *set, u64 wanted) {
    struct small_counter *own = malloc(sizeof *own);
    if (!own) return PyErr_NoMemory();
    *own = (struct small_counter){set, wanted};
    void *capsule = PyCapsule_New(own, CAPSULE, free_small_counter);
    if (!capsule) {
        free(own);
        return NULL;
    }
    void *function = PyCFunction_NewEx(method, capsule, NULL);
    Py_DecRef(capsule);
    return function;
}

/* Return a function of a string and whether it is ASCII, which returns its tokens for one slot, or -1 if it is not
   counted, and raises UnicodeEncodeError for a lone surrogate. The set must outlive it. */
EXPORTED void *weighbridge_count_one(struct counter_set *set, u32 slot) {
    return function_of(&count_one_method, set, (u64)1 << slot);
}

/* The same for the wanted slots: a list of tokens, in order, which is empty if the text is not counted. */
EXPORTED void *weighbridge_count_each(struct counter_set *set, u64 wanted) {
    return function_of(&count_each_method, set, wanted);
}
