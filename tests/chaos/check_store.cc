// Whether a data directory's database is whole: PRAGMA integrity_check, and events replayed against the stored states.
// Usage: check_store DATA, while no server runs there. Prints what is wrong; its status is 0 when nothing is.
#include <cstdio>

#include "store/store.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: check_store DATA\n", stderr);
    return 2;
  }
  auto store = sluice::store::Store::open(argv[1]);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  if (auto whole = (*store)->check(); !whole) {
    std::fprintf(stderr, "%s\n", whole.error().message.c_str());
    return 1;
  }
  return 0;
}
