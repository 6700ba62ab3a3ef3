/* Makes one call of the operating system fail, of those that touch files under a folder: the n-th of a kind, or all from there on.

   Loaded by LD_PRELOAD. Kinds: 0 writing, 1 syncing, 2 opening, 3 making, moving and removing names, 4 setting a size. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static int armed, wanted, number, error, onwards;
static atomic_int count;

void faults_arm(const char *path, int kind, int nth, int with, int all)
{
    strncpy(folder, path, sizeof folder - 1);
    wanted = kind, number = nth, error = with, onwards = all, count = 0, armed = 1;
}

int faults_count(void) { return count; }

static int fails(int kind, const char *path)
{
    if (!armed || kind != wanted || !path || strncmp(path, folder, strlen(folder))) return 0;
    int now = ++count;
    if (now != number && !(onwards && now > number)) return 0;
    errno = error;
    return 1;
}

static int fails_at(int kind, int at)
{
    char link[64], path[PATH_MAX];
    if (!armed || kind != wanted) return 0;
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = before;
    if (size < 0) return 0;
    path[size] = 0;
    return fails(kind, path);
}

static int fails_in(int kind, int at, const char *path)
{
    return path && path[0] == '/' ? fails(kind, path) : fails_at(kind, at);
}

#define PASS(type, name, ...) ((type (*)())dlsym(RTLD_NEXT, #name))(__VA_ARGS__)
#define CALL(type, name, given, check, bad, ...) \
    type name given { return (check) ? (type)(bad) : PASS(type, name, __VA_ARGS__); }

CALL(ssize_t, write, (int at, const void *data, size_t size), fails_at(0, at), -1, at, data, size)
CALL(ssize_t, pwrite, (int at, const void *data, size_t size, off_t where), fails_at(0, at), -1, at, data, size, where)
CALL(ssize_t, pwrite64, (int at, const void *data, size_t size, off64_t where), fails_at(0, at), -1, at, data, size, where)
CALL(ssize_t, writev, (int at, const struct iovec *parts, int many), fails_at(0, at), -1, at, parts, many)
CALL(ssize_t, sendfile, (int at, int from, off_t *where, size_t size), fails_at(0, at), -1, at, from, where, size)
CALL(ssize_t, sendfile64, (int at, int from, off64_t *where, size_t size), fails_at(0, at), -1, at, from, where, size)
CALL(ssize_t, copy_file_range, (int from, off64_t *here, int at, off64_t *there, size_t size, unsigned flags),
     fails_at(0, at), -1, from, here, at, there, size, flags)
CALL(size_t, fwrite, (const void *data, size_t size, size_t many, FILE *file), fails_at(0, fileno(file)), 0, data, size, many, file)
CALL(int, fsync, (int at), fails_at(1, at), -1, at)
CALL(int, fdatasync, (int at), fails_at(1, at), -1, at)
CALL(FILE *, fopen, (const char *path, const char *mode), fails(2, path), 0, path, mode)
CALL(FILE *, fopen64, (const char *path, const char *mode), fails(2, path), 0, path, mode)
CALL(int, rename, (const char *path, const char *to), fails(3, path), -1, path, to)
CALL(int, mkdir, (const char *path, mode_t mode), fails(3, path), -1, path, mode)
CALL(int, unlink, (const char *path), fails(3, path), -1, path)
CALL(int, rmdir, (const char *path), fails(3, path), -1, path)
CALL(int, unlinkat, (int at, const char *path, int flags), fails_in(3, at, path), -1, at, path, flags)
CALL(int, ftruncate, (int at, off_t size), fails_at(4, at), -1, at, size)
CALL(int, ftruncate64, (int at, off64_t size), fails_at(4, at), -1, at, size)

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return fails(2, path) ? -1 : PASS(int, name, path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) \
    { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return fails_in(2, at, path) ? -1 : PASS(int, name, at, path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
