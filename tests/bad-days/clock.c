// Preloaded: the time of day is off by as many seconds as the file named by DAY_OFFSET says, now and whenever it changes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long long* offset;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("DAY_OFFSET");
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) offset = mapped;
}

int clock_gettime(clockid_t which, struct timespec* into) {
  int done = (int)syscall(SYS_clock_gettime, which, into);
  if (done == 0 && offset && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) into->tv_sec += *offset;
  return done;
}

int gettimeofday(struct timeval* into, void* zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  into->tv_sec = now.tv_sec;
  into->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* into) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (into) *into = now.tv_sec;
  return now.tv_sec;
}
