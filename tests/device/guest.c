/* A program for arm64 Linux without a C library, of which it is known what it executes.
 *
 * work(n) executes 2n + 2 instructions: one before its loop, two in each turn, one after it.
 */
typedef unsigned long word;

void work(word turns);
void begin(void), end(void), pause_(void), resume_(void);
word spawn(void *stack_top, int *tid);

__asm__(
    ".text\n"
    ".global _start, work, begin, end, pause_, resume_, spawn\n"
    ".type _start, %function\n_start: mov x29, #0\n mov x0, sp\n and sp, x0, #-16\n bl start\n"
    " brk #0\n.size _start, .-_start\n"
    ".type work, %function\nwork: mov x1, x0\n1: subs x1, x1, #1\n b.ne 1b\n ret\n"
    ".size work, .-work\n"
    ".type begin, %function\nbegin: ret\n.size begin, .-begin\n"
    ".type end, %function\nend: ret\n.size end, .-end\n"
    ".type pause_, %function\npause_: ret\n.size pause_, .-pause_\n"
    ".type resume_, %function\nresume_: ret\n.size resume_, .-resume_\n"
    /* clone(VM|FS|FILES|SIGHAND|THREAD|SYSVSEM|PARENT_SETTID|CHILD_CLEARTID, stack, tid, 0, tid) */
    ".type spawn, %function\nspawn: mov x2, x1\n mov x4, x1\n mov x1, x0\n mov x3, #0\n"
    " movz x0, #0x0f00\n movk x0, #0x0035, lsl #16\n mov x8, #220\n svc #0\n cbnz x0, 1f\n"
    " bl thread\n mov x0, #0\n mov x8, #93\n svc #0\n1: ret\n.size spawn, .-spawn\n");

static word call(word number, word a, word b, word c, word d) {
  register word x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
  register word x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = 0;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}

enum { FUTEX = 98, EXIT_GROUP = 94, CLONE = 220, WAIT4 = 260, KILL = 129, GETPID = 172 };
enum { THREADS = 4, STACK = 1 << 14, SIGCHLD = 17 };

static char stacks[THREADS][STACK] __attribute__((aligned(16)));
static volatile int tids[THREADS];
static volatile int leave;

void thread(void) {
  work(leave ? 7 : 1000000);
  if (leave) call(EXIT_GROUP, 3, 0, 0, 0);
}

static void threads(int number) {
  for (int i = 0; i < number; i++) spawn(stacks[i] + STACK, (int *)&tids[i]);
  for (int i = 0; i < number; i++) {
    for (int tid; (tid = tids[i]) != 0;) call(FUTEX, (word)&tids[i], 0, (word)tid, 0);
  }
}

void start(word *stack) {
  const char what = stack[0] > 1 ? *(const char *)stack[2] : 'w';
  switch (what) {
    case 'w':
      work(1000);
      break;
    case 'm': /* three windows */
      for (word i = 1; i <= 3; i++) {
        begin();
        work(10 * i);
        end();
        work(500);
      }
      break;
    case 'p': /* a window with a pause, and one that never ends */
      begin();
      work(5);
      pause_();
      work(1000);
      resume_();
      work(7);
      end();
      begin();
      work(9);
      break;
    case 'n': /* one inside another, as two threads of a benchmark have them */
      begin();
      work(3);
      begin();
      work(4);
      end();
      work(5);
      end();
      break;
    case 't':
      threads(THREADS);
      break;
    case 'e': /* another thread ends the program */
      leave = 1;
      threads(1);
      break;
    case 'f':
      if (call(CLONE, SIGCHLD, 0, 0, 0) == 0) {
        begin();
        work(777);
        end();
      } else {
        call(WAIT4, (word)-1, 0, 0, 0);
        begin();
        work(10);
        end();
      }
      break;
    case 's': /* SIGSEGV */
      work(11);
      *(volatile int *)8 = 1;
      break;
    case 'k': /* SIGKILL */
      work(11);
      call(KILL, call(GETPID, 0, 0, 0, 0), 9, 0, 0);
      break;
  }
  call(EXIT_GROUP, 0, 0, 0, 0);
}
