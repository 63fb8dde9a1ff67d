/* Python objects that own memory of this library, or a mapped file. It is freed with the last reference: the finalizers of
   a garbage cycle, which run before, may still count. All need Python's lock. */
#include <stdlib.h>
#include <sys/mman.h>

#include "python_abi.h"
#include "weighbridge.h"

#define SET_CAPSULE "weighbridge.counter_set"
#define FILE_CAPSULE "weighbridge.mapped_file"

struct mapped_file {
    void *address;
    u64 size;
};

static void free_set(void *capsule) { weighbridge_free(PyCapsule_GetPointer(capsule, SET_CAPSULE)); }

static void unmap(void *capsule) {
    struct mapped_file *file = PyCapsule_GetPointer(capsule, FILE_CAPSULE);
    munmap(file->address, file->size);
    free(file);
}

/* Return an object that frees the counter set. */
EXPORTED void *weighbridge_own_set(struct counter_set *set) { return PyCapsule_New(set, SET_CAPSULE, free_set); }

/* Return an object that unmaps the file. */
EXPORTED void *weighbridge_own_file(void *address, u64 size) {
    struct mapped_file *file = malloc(sizeof *file);
    if (!file) return PyErr_NoMemory();
    *file = (struct mapped_file){address, size};
    void *capsule = PyCapsule_New(file, FILE_CAPSULE, unmap);
    if (!capsule) free(file);
    return capsule;
}
