/* A TCG plugin that counts executed guest instructions, exactly, per translated block.
 *
 * qemu translates guest code in blocks: instructions in a row that are entered at the first one.
 * Every execution of a block adds 1 to a counter of its own; a block's counter times its
 * instructions is what was executed. The counters lie in a file that is mapped into memory, so they
 * are whole however the guest ends: return, exit_group, a signal, or qemu being killed.
 *
 * Arguments (name=value; addresses are hexadecimal, as linked; lists are separated by colons):
 *   out=FILE    where the counters go; finished windows are appended to FILE.windows
 *   code=ADDR   lowest address of the program's code, if the loader moves it (PIE)
 *   begin=LIST  functions whose entry begins a window
 *   end=LIST    functions whose entry ends it
 *   pause=LIST, resume=LIST  functions whose entry takes time out of a window
 *
 * The layout of both files is read by count_file.py.
 *
 * API is the version of qemu's plugin interface that this is compiled for: 1 (qemu 6 to 8) or
 * 2 (since qemu 9). Both have the few functions below, the same ones, but each qemu refuses the
 * other's number.
 */
#ifndef API
#error "compile with -DAPI=1 (qemu before 9) or -DAPI=2 (qemu 9 and later)"
#endif

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* --- what qemu offers, declared here because no header of it is packaged --- */

struct tb;
typedef struct {
  const char *target;
  struct {
    int min, current;
  } version;
  bool system;
} info_t;

void qemu_plugin_register_vcpu_init_cb(uint64_t id, void (*call)(uint64_t, unsigned));
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*call)(uint64_t, struct tb *));
void qemu_plugin_register_atexit_cb(uint64_t id, void (*call)(uint64_t, void *), void *data);
void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *tb, void (*call)(unsigned, void *), int flags,
                                          void *data);
size_t qemu_plugin_tb_n_insns(const struct tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct tb *tb);
/* Since qemu 7.1; missing in an older one, which then cannot count what the loader moves. */
__attribute__((weak)) uint64_t qemu_plugin_start_code(void);

enum { NO_REGISTERS = 0 };

EXPORT int qemu_plugin_version = API;

/* --- the file --- */

#define MAGIC "xnnkit-count-1\n"

enum { HEAD_BYTES = 1 << 16, CHUNK = 1 << 16, MOST_CHUNKS = 1 << 12, MOST_MARKS = 64 };

struct head {
  char magic[16];
  uint64_t blocks;   /* records that are there */
  uint64_t ended;    /* 1 when the guest ended by itself */
  uint64_t vcpus;    /* threads that there were, the first included */
  uint64_t forks;    /* processes that it made, which are not counted */
  uint64_t bias;     /* added to the addresses as linked */
  uint64_t begun;    /* windows */
  uint64_t finished; /* windows */
};

struct block {
  uint64_t address;
  uint64_t instructions;
  uint64_t executed;
};

/* What a chunk of records keeps besides, of no interest outside. */
struct window {
  uint64_t mark;   /* `executed` when counting went on */
  uint64_t inside; /* executions within the window so far */
};

static struct head *head;
static struct block *chunks[MOST_CHUNKS];
static struct window *windows[MOST_CHUNKS];
static uint32_t *table; /* open hash table of records' numbers + 1 */
static uint64_t table_size;
static char path[4096], windows_path[4096 + 8];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum mark { BEGIN, END, PAUSE, RESUME, MARKS };
static uint64_t marks[MARKS][MOST_MARKS];
static int mark_count[MARKS];
static const char *const mark_names[MARKS] = {"begin", "end", "pause", "resume"};
static uint64_t code;
static bool moved;
static bool bias_known;
static unsigned depth; /* threads inside the window */
static bool counting;  /* inside a window, and not paused */
static bool in_child;  /* of a fork: what it executes is not counted */

/* A count that is not whole is no count: the guest goes no further. */
static _Noreturn void fail(const char *what) {
  fprintf(stderr, "xnnkit-count: %s\n", what);
  abort();
}

/* The file is opened for each mapping: a guest that closes every descriptor must not close ours. */
static void *map(uint64_t offset, uint64_t bytes) {
  if (in_child) {
    void *own = calloc(1, bytes);
    if (!own) fail("out of memory");
    return own;
  }
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0 || ftruncate(file, (off_t)(offset + bytes)) != 0) fail("cannot make the file longer");
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)offset);
  if (at == MAP_FAILED) fail("cannot map the file");
  close(file);
  return at;
}

static struct block *block_of(uint64_t number) { return &chunks[number / CHUNK][number % CHUNK]; }
static struct window *window_of(uint64_t number) {
  return &windows[number / CHUNK][number % CHUNK];
}

/* --- blocks --- */

static uint64_t slot(uint64_t address, uint64_t instructions) {
  uint64_t at = (address >> 2) * 0x9e3779b97f4a7c15u + instructions * 0xc2b2ae3d27d4eb4fu;
  at = (at ^ (at >> 29)) & (table_size - 1);
  for (; table[at]; at = (at + 1) & (table_size - 1)) {
    const struct block *block = block_of(table[at] - 1);
    if (block->address == address && block->instructions == instructions) break;
  }
  return at;
}

static void grow_table(void) {
  uint64_t size = table_size ? table_size * 2 : 1 << 15;
  free(table);
  table = calloc(size, sizeof *table);
  if (!table) fail("out of memory");
  table_size = size;
  for (uint64_t i = 0; i < head->blocks; i++) {
    table[slot(block_of(i)->address, block_of(i)->instructions)] = (uint32_t)i + 1;
  }
}

/* The same code can be translated again, for other threads or after a flush: one record holds it. */
static struct block *find(uint64_t address, uint64_t instructions) {
  if (head->blocks * 2 >= table_size) grow_table();
  uint64_t at = slot(address, instructions);
  if (table[at]) return block_of(table[at] - 1);
  uint64_t number = head->blocks;
  if (number % CHUNK == 0) {
    uint64_t chunk = number / CHUNK, bytes = CHUNK * sizeof(struct block);
    if (chunk == MOST_CHUNKS) fail("too many blocks");
    chunks[chunk] = map(HEAD_BYTES + chunk * bytes, bytes);
    windows[chunk] = calloc(CHUNK, sizeof(struct window));
    if (!windows[chunk]) fail("out of memory");
  }
  struct block *block = block_of(number);
  block->address = address;
  block->instructions = instructions;
  block->executed = 0;
  table[at] = (uint32_t)number + 1;
  __atomic_store_n(&head->blocks, number + 1, __ATOMIC_RELEASE);
  return block;
}

/* qemu could add to a counter by itself, without a call: before qemu 9 that loses additions when
 * there are threads, and it is hardly faster (docs/count.md). */
static void executed(unsigned vcpu, void *block) {
  (void)vcpu;
  __atomic_fetch_add(&((struct block *)block)->executed, 1, __ATOMIC_RELAXED);
}

/* --- windows; all with the lock held --- */

static uint64_t now(uint64_t number) {
  return __atomic_load_n(&block_of(number)->executed, __ATOMIC_RELAXED);
}

static void go_on(void) {
  if (counting) return;
  counting = true;
  for (uint64_t i = 0; i < head->blocks; i++) window_of(i)->mark = now(i);
}

static void halt(void) {
  if (!counting) return;
  counting = false;
  /* A block that was first seen while counting has the mark 0. */
  for (uint64_t i = 0; i < head->blocks; i++) {
    window_of(i)->inside += now(i) - window_of(i)->mark;
  }
}

static void begin(void) {
  if (depth++ > 0) return;
  head->begun++;
  for (uint64_t i = 0; i < head->blocks; i++) window_of(i)->inside = 0;
  go_on();
}

static void end(void) {
  if (depth == 0 || --depth > 0) return;
  halt();
  uint64_t used = 0;
  for (uint64_t i = 0; i < head->blocks; i++) used += window_of(i)->inside != 0;
  FILE *file = fopen(windows_path, "abe");
  if (!file) fail("cannot write the windows");
  bool good = fwrite(&used, sizeof used, 1, file) == 1;
  for (uint64_t i = 0; good && i < head->blocks; i++) {
    const uint64_t pair[2] = {i, window_of(i)->inside};
    if (pair[1]) good = fwrite(pair, sizeof pair, 1, file) == 1;
  }
  if (fclose(file) != 0 || !good) fail("cannot write the windows");
  head->finished++;
}

static void marked(enum mark kind) {
  if (in_child) return;
  pthread_mutex_lock(&lock);
  if (kind == BEGIN) begin();
  if (kind == END) end();
  if (kind == PAUSE) halt();
  if (kind == RESUME && depth > 0) go_on();
  pthread_mutex_unlock(&lock);
}

/* --- what qemu calls --- */

struct marker {
  enum mark kind;
  struct block *block;
};

/* The mark comes before the block counts: a window holds its first block and not its last. */
static void executed_mark(unsigned vcpu, void *data) {
  const struct marker *marker = data;
  marked(marker->kind);
  executed(vcpu, marker->block);
}

/* Kept for good: translated code refers to it. */
static struct marker *new_marker(int kind, struct block *block) {
  struct marker *marker = malloc(sizeof *marker);
  if (!marker) fail("out of memory");
  *marker = (struct marker){(enum mark)kind, block};
  return marker;
}

static void translated(uint64_t id, struct tb *tb) {
  (void)id;
  uint64_t address = qemu_plugin_tb_vaddr(tb);
  pthread_mutex_lock(&lock);
  if (!bias_known) {
    bias_known = true;
    if (moved && !qemu_plugin_start_code) fail("this qemu does not say where it loads a program");
    if (moved) head->bias = qemu_plugin_start_code() - code;
  }
  struct block *block = find(address, qemu_plugin_tb_n_insns(tb));
  pthread_mutex_unlock(&lock);
  for (int kind = 0; kind < MARKS; kind++) {
    for (int i = 0; i < mark_count[kind]; i++) {
      if (marks[kind][i] + head->bias == address) {
        struct marker *marker = new_marker(kind, block);
        qemu_plugin_register_vcpu_tb_exec_cb(tb, executed_mark, NO_REGISTERS, marker);
        return;
      }
    }
  }
  qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, NO_REGISTERS, block);
}

static void thread_began(uint64_t id, unsigned vcpu) {
  (void)id;
  (void)vcpu;
  pthread_mutex_lock(&lock);
  head->vcpus++;
  pthread_mutex_unlock(&lock);
}

static void ended(uint64_t id, void *data) {
  (void)id;
  (void)data;
  head->ended = 1;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }

static void after_fork(void) {
  head->forks++;
  pthread_mutex_unlock(&lock);
}

/* Makes a copy of a part of the file, at the same address, that nobody else sees. */
static void detach(void *at, uint64_t bytes) {
  void *copy = malloc(bytes);
  if (!copy) _exit(125);
  memcpy(copy, at, bytes);
  const int flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS;
  if (mmap(at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) _exit(125);
  memcpy(at, copy, bytes);
  free(copy);
}

/* The file is its parent's; a child's child has nothing of it. */
static void after_fork_in_child(void) {
  const uint64_t bytes = CHUNK * sizeof(struct block);
  if (!in_child) {
    detach(head, HEAD_BYTES);
    for (int i = 0; i < MOST_CHUNKS && chunks[i]; i++) detach(chunks[i], bytes);
  }
  in_child = true;
  pthread_mutex_unlock(&lock);
}

static bool parse_marks(enum mark kind, const char *text) {
  while (*text) {
    char *rest;
    if (mark_count[kind] == MOST_MARKS) return false;
    marks[kind][mark_count[kind]++] = strtoull(text, &rest, 16);
    if (rest == text || (*rest && *rest != ':')) return false;
    text = *rest ? rest + 1 : rest;
  }
  return true;
}

static bool parse(const char *argument) {
  const char *value = strchr(argument, '=');
  if (!value) return false;
  size_t length = (size_t)(value++ - argument);
  if (length == 3 && !memcmp(argument, "out", 3)) {
    return snprintf(path, sizeof path, "%s", value) < (int)sizeof path;
  }
  if (length == 4 && !memcmp(argument, "code", 4)) {
    code = strtoull(value, NULL, 16);
    return moved = true;
  }
  for (int kind = 0; kind < MARKS; kind++) {
    if (length == strlen(mark_names[kind]) && !memcmp(argument, mark_names[kind], length)) {
      return parse_marks(kind, value);
    }
  }
  return false;
}

EXPORT int qemu_plugin_install(uint64_t id, const info_t *info, int count, char **arguments) {
  if (info->system || strcmp(info->target, "aarch64") != 0) {
    fprintf(stderr, "xnnkit-count: only for programs for arm64, not for %s\n", info->target);
    return 1;
  }
  for (int i = 0; i < count; i++) {
    if (!parse(arguments[i])) {
      fprintf(stderr, "xnnkit-count: not understood: %s\n", arguments[i]);
      return 1;
    }
  }
  snprintf(windows_path, sizeof windows_path, "%s.windows", path);
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (!*path || file < 0) {
    fprintf(stderr, "xnnkit-count: cannot write out=%s\n", path);
    return 1;
  }
  close(file);
  unlink(windows_path);
  head = map(0, HEAD_BYTES);
  memcpy(head->magic, MAGIC, sizeof head->magic);
  grow_table();
  pthread_atfork(before_fork, after_fork, after_fork_in_child);
  qemu_plugin_register_vcpu_init_cb(id, thread_began);
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
