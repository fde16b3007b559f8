// Tumbling count and sum by 64-bit key, as the engine's kernels do it: chunks of 1024 rows; a run of rows within the window;
// each row's group found over dense rows: in a u32 index with hash tags or, where keys lie close together, in an array by key
// (assembly/state/group-table.ts); rows of large tables are asked for ahead; then one pass for count and 128-bit sum.
// Tables grow by the same rules. No peer's code: the same algorithm, for scale.
//
// usage: group-by KEYS ROWS ROUNDS known|new SPREAD
//   SPREAD is how far apart neighbouring keys are; 1 takes the array
//   new    measures adding ROWS rows ROUNDS times to an empty table and reading the groups in order
//   known  measures adding them once more to groups that are all there
// Prints {"answer": [groups, sum of n^2, sum of total^2, sum of total * (key mod 1009)], "wallMs", "cpuMs"}.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

enum { CHUNK = 1024, SMALLEST_BITS = 8, SPARSE_BITS = 16, LARGE = 1 << 20 };

// One group: key, count, sum with a presence bit beside its high word.
typedef struct {
  u64 key;
  i64 n;
  u64 low;
  i64 high;
} Row;

typedef struct {
  u64 seed;
  u32 *index;
  u32 bits;
  Row *rows;
  u32 used, limit, room;
} Table;

static void *must(void *p) {
  if (!p) { fputs("no memory\n", stderr); exit(1); }
  return p;
}

static inline u64 hash_word(u64 seed, u64 w) {
  u64 x = (w ^ seed) * 0x9e3779b97f4a7c15u;
  return x ^ (x >> 32);
}

static u32 groups_of_index(u32 bits) { return 1u << (bits <= SPARSE_BITS ? bits - 2 : bits - 1); }

static void set_limit(Table *t) {
  u32 of_index = groups_of_index(t->bits);
  t->limit = of_index < t->room ? of_index : t->room;
}

static void new_index(Table *t, u32 bits) {
  free(t->index);
  t->bits = bits;
  t->index = must(calloc((size_t)1 << bits, 4));
  u32 mask = (1u << bits) - 1;
  for (u32 g = 0; g < t->used; g++) {
    u64 h = hash_word(t->seed, t->rows[g].key);
    u32 slot = (u32)(h >> (64 - bits));
    while (t->index[slot]) slot = (slot + 1) & mask;
    t->index[slot] = ((u32)h << bits) | (g + 1);
  }
}

static void open_table(Table *t) {
  memset(t, 0, sizeof *t);
  t->seed = 0x9e3779b97f4a7c15u;
  t->room = 16;
  t->rows = must(malloc(t->room * sizeof(Row)));
  new_index(t, SMALLEST_BITS);
  set_limit(t);
}

static void close_table(Table *t) {
  free(t->index);
  free(t->rows);
}

static void grow(Table *t) {
  if (t->used >= t->room) {
    t->room *= 2;
    t->rows = must(realloc(t->rows, t->room * sizeof(Row)));
  }
  if (t->used >= groups_of_index(t->bits)) new_index(t, t->bits + 1);
  set_limit(t);
}

// The group of a key, found or made; -1 when the table must grow first.
static __attribute__((noinline)) i64 upsert(Table *t, u64 k, u64 h) {
  u32 mask = (1u << t->bits) - 1, tag = (u32)h << t->bits;
  for (u32 slot = (u32)(h >> (64 - t->bits));; slot = (slot + 1) & mask) {
    u32 entry = t->index[slot];
    if (!entry) {
      if (t->used >= t->limit) return -1;
      t->rows[t->used] = (Row){ .key = k };
      t->index[slot] = tag | ++t->used;
      return t->used - 1;
    }
    u32 x = entry ^ tag;
    if (x - 1 < mask && t->rows[x - 1].key == k) return x - 1;
  }
}

// By key: the index is an array of 2^bits groups, and grows with the largest key.
static u32 find_dense(Table *t, const i64 *keys, u32 from, u32 to, u32 *groups) {
  for (u32 i = from; i < to; i++) {
    u64 k = (u64)keys[i];
    if (k >> t->bits) {
      u32 bits = t->bits;
      while (k >> bits) bits++;
      t->index = must(realloc(t->index, (size_t)4 << bits));
      memset(t->index + ((size_t)1 << t->bits), 0, ((size_t)4 << bits) - ((size_t)4 << t->bits));
      t->bits = bits;
    }
    u32 g = t->index[k];
    if (!g) {
      if (t->used >= t->room) {
        t->room *= 2;
        t->rows = must(realloc(t->rows, t->room * sizeof(Row)));
      }
      t->rows[t->used] = (Row){ .key = k };
      g = t->index[k] = ++t->used;
    }
    groups[i - from] = g - 1;
  }
  return to;
}

static u32 find(Table *t, const i64 *keys, u32 from, u32 to, u32 *groups) {
  const u64 seed = t->seed;
  const u32 bits = t->bits, mask = (1u << bits) - 1;
  const u32 *index = t->index;
  const Row *rows = t->rows;
  for (u32 i = from; i < to; i++) {
    u64 k = (u64)keys[i], h = hash_word(seed, k);
    u32 slot = (u32)(h >> (64 - bits)), tag = (u32)h << bits;
    u32 x0 = index[slot] ^ tag, x1 = index[(slot + 1) & mask] ^ tag;
    u32 x = x0 - 1 < mask ? x0 : x1;
    if (x - 1 < mask && rows[x - 1].key == k) groups[i - from] = x - 1;
    else {
      i64 made = upsert(t, k, h);
      if (made < 0) return i;
      groups[i - from] = (u32)made;
    }
  }
  return to;
}

static u32 window_run(const i64 *times, u32 from, u32 to, i64 start, i64 size) {
  u32 i = from;
  while (i < to && (u64)(times[i] - start) < (u64)size) i++;
  return i;
}

static void add_rows(Table *t, int dense, const i64 *keys, const i64 *values, const i64 *times, u32 count) {
  u32 groups[CHUNK];
  for (u32 from = 0; from < count; from += CHUNK) {
    u32 limit = from + CHUNK < count ? from + CHUNK : count;
    u32 to = window_run(times, from, limit, 0, 1000);
    if (to != limit) { fputs("a row of another window\n", stderr); exit(1); }
    if (dense) find_dense(t, keys, from, to, groups);
    else while (find(t, keys, from, to, groups) < to) grow(t);
    Row *rows = t->rows;
    if (t->used * sizeof(Row) > LARGE)
      for (u32 i = 0; i < to - from; i++) __builtin_prefetch(&rows[groups[i]], 1);
    for (u32 i = 0; i < to - from; i++) {
      Row *row = &rows[groups[i]];
      row->n++;
      i64 v = values[from + i];
      u64 low = row->low + (u64)v;
      row->high += (v >> 63) + (low < (u64)v);
      row->low = low;
    }
  }
}

static u32 scatter(u32 i) {
  u32 x = (i + 1) * 0x9e3779b1u;
  x ^= x >> 15;
  x *= 0x85ebca77u;
  return x ^ (x >> 13);
}

static double ms_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  if (argc != 6) { fputs("usage: group-by KEYS ROWS ROUNDS known|new SPREAD\n", stderr); return 2; }
  u32 keys = (u32)atol(argv[1]), n = (u32)atol(argv[2]), rounds = (u32)atol(argv[3]);
  i64 spread = atol(argv[5]);
  int known = !strcmp(argv[4], "known"), dense = spread == 1;
  i64 *key = must(malloc((size_t)n * 8)), *value = must(malloc((size_t)n * 8)), *time_of = must(malloc((size_t)n * 8));
  for (u32 i = 0; i < n; i++) {
    u32 x = scatter(i);
    key[i] = (i64)(x % keys) * spread;
    value[i] = (i64)(x % 2001) - 1000;
    time_of[i] = (i64)((u64)i * 1000 / n);
  }
  Table t;
  open_table(&t);
  if (known) for (u32 r = 0; r < rounds; r++) add_rows(&t, dense, key, value, time_of, n);
  double wall = ms_of(CLOCK_MONOTONIC), cpu = ms_of(CLOCK_PROCESS_CPUTIME_ID);
  for (u32 r = 0; r < (known ? 1 : rounds); r++) add_rows(&t, dense, key, value, time_of, n);
  i64 squares = 0, total_squares = 0, products = 0;
  if (!known)
    for (u32 g = 0; g < t.used; g++) {
      i64 total = (i64)t.rows[g].low;
      squares += t.rows[g].n * t.rows[g].n;
      total_squares += total * total;
      products += total * (i64)(t.rows[g].key % 1009);
    }
  wall = ms_of(CLOCK_MONOTONIC) - wall;
  cpu = ms_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  printf("{\"answer\": ");
  if (known) printf("[%u]", t.used);
  else printf("[%u, %ld, %ld, %ld]", t.used, squares, total_squares, products);
  printf(", \"wallMs\": %.4f, \"cpuMs\": %.4f}\n", wall, cpu);
  close_table(&t);
  free(key);
  free(value);
  free(time_of);
  return 0;
}
