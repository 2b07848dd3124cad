/* A disk that fails when it is told to: preloaded into a node, it stands between the program and the C library.

   FAILING_DISK_BELOW   only files below this directory count
   FAILING_DISK_ORDERS  a file; while it exists its content says what fails: "CALL ERRNO", for example "fdatasync 5"
   FAILING_DISK_REPORT  a file; a line for every call that failed, and for every later call of the same kind

   CALL: fdatasync, fsync or pwrite. The first call after the orders appear fails; so do all later ones, as on a dead disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_below(int fd) {
    char link[64], path[4096];
    const char *below = getenv("FAILING_DISK_BELOW");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (below == NULL || length < 0) return 0;
    path[length] = 0;
    return strncmp(path, below, strlen(below)) == 0;
}

/* The error to fail with; 0: none. */
static int ordered(const char *call, int fd) {
    char text[64], wanted[32];
    const char *orders = getenv("FAILING_DISK_ORDERS"), *report = getenv("FAILING_DISK_REPORT");
    int number = 0;
    if (orders == NULL || !is_below(fd)) return 0;
    int file = open(orders, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    if (sscanf(text, "%31s %d", wanted, &number) != 2 || strcmp(wanted, call) != 0) return 0;
    if (report != NULL && (file = open(report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) >= 0) {
        int written = snprintf(text, sizeof text, "%s\n", call);
        if (write(file, text, written) < 0) abort();
        close(file);
    }
    return number;
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

int fdatasync(int fd) {
    int error = ordered("fdatasync", fd);
    if (error) { errno = error; return -1; }
    return REAL("fdatasync", int (*)(int))(fd);
}

int fsync(int fd) {
    int error = ordered("fsync", fd);
    if (error) { errno = error; return -1; }
    return REAL("fsync", int (*)(int))(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    int error = ordered("pwrite", fd);
    if (error) { errno = error; return -1; }
    return REAL("pwrite64", ssize_t (*)(int, const void *, size_t, off64_t))(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    return pwrite64(fd, bytes, count, offset);
}
