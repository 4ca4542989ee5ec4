/* The sampler's timer, and what its signal finds.
 *
 * On Linux it is the kernel's own, of CPU time: nothing wakes up for it, and where processors are scarce it is waking up that costs.
 * Elsewhere, and for intervals finer than the kernel's ticks, a thread of ours, which never touches Python, sends a signal to the main
 * thread every so many microseconds while the process uses the processor. Both at intervals of chance, so that no program is in step
 * with them. The handler notes which code the main thread runs at this very moment. Python's own handler runs later, at the next call
 * or turn of a loop, when that code may have ended; it takes what has been noted. */

#define Py_BUILD_CORE 1
#include <Python.h>
#include "internal/pycore_frame.h"

#ifndef MS_WINDOWS

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST 256
/* Processors that a process is taken to use at least, when its next sample is planned. */
#define LEAST_RATE 0.125

static pthread_t main_thread;
static PyThreadState *main_state;
static struct sigaction pythons;

/* What has been noted and not yet taken: written by the handler and read by the same thread. */
static struct {
    uintptr_t code;     /* an address, perhaps of something gone by now: never looked into */
    double seconds;     /* CPU time of the main thread since the note before */
} notes[MOST];
static atomic_int noted;
static double noted_at;

static double cpu_seconds(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? (double)now.tv_sec + 1e-9 * (double)now.tv_nsec : 0.0;
}

/* Copies a frame that may be none: while a call begins, the place where the current one is kept has not been written yet.
 * 0 when it cannot be read. */
static int read_frame(_PyInterpreterFrame *from, _PyInterpreterFrame *to)
{
    uintptr_t place = (uintptr_t)from;
    if (place == 0 || place % sizeof(void *) != 0) {
        return 0;
    }
    /* Most frames are in the last pieces of the stack that Python keeps for them, which is there as long as it is in this list. */
    _PyStackChunk *chunk = main_state->datastack_chunk;
    for (int i = 0; i < 4 && chunk != NULL; i++, chunk = chunk->previous) {
        uintptr_t begin = (uintptr_t)chunk;
        if (place >= begin && place - begin + sizeof(*to) <= chunk->size) {
            memcpy(to, from, sizeof(*to));
            return 1;
        }
    }
    /* Those of generators are anywhere: the kernel tells whether there is something. */
#ifdef __linux__
    struct iovec here = {to, sizeof(*to)}, there = {from, sizeof(*to)};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)sizeof(*to);
#else
    return 0;
#endif
}

/* The code that the main thread runs, called in its signal handler. 0: not known. */
static uintptr_t code_now(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    _PyInterpreterFrame *current = main_state->current_frame;
#else
    _PyInterpreterFrame *current = main_state->cframe != NULL ? main_state->cframe->current_frame : NULL;
#endif
    _PyInterpreterFrame frame;
    if (!read_frame(current, &frame)) {
        return 0;
    }
#if PY_VERSION_HEX >= 0x030C0000
    if (frame.owner == FRAME_OWNED_BY_CSTACK && !read_frame(frame.previous, &frame)) {
        return 0;
    }
#endif
#if PY_VERSION_HEX >= 0x030D0000
    return (uintptr_t)frame.f_executable;
#else
    return (uintptr_t)frame.f_code;
#endif
}

static uint64_t chance = 0x9E3779B97F4A7C15u;

/* From half of a length to one and a half. Called in one thread at a time. */
static long about(long length)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return length / 2 + (long)(chance % (uint64_t)length);
}

static atomic_long interval;    /* nanoseconds */

#ifdef __linux__

/* A timer of the kernel's is used from this interval on: about one of its ticks. */
#define TICK 3000000L

static timer_t kernels;
static atomic_int armed;

/* Once more, in a while. To be called in a signal handler too. */
static void arm(void)
{
    struct itimerspec when;
    memset(&when, 0, sizeof(when));
    long pause = about(atomic_load(&interval));
    when.it_value.tv_sec = pause / 1000000000L;
    when.it_value.tv_nsec = pause % 1000000000L;
    timer_settime(kernels, 0, &when, NULL);
}

static int begin_ticks(int number)
{
    struct sigevent event;
    memset(&event, 0, sizeof(event));
    /* To the main thread, whichever computes: system calls of the others are left alone. */
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = number;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &kernels) != 0) {
        return 0;
    }
    atomic_store(&armed, 1);
    arm();
    return 1;
}

static void end_ticks(void)
{
    if (atomic_exchange(&armed, 0)) {
        timer_delete(kernels);
    }
}

#endif

static void forward(int number)
{
    if (!pthread_equal(pthread_self(), main_thread)) {
        pthread_kill(main_thread, number);
        return;
    }
    int error = errno;
    int place = atomic_load(&noted);
    if (place < MOST) {
        double now = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
        notes[place].code = code_now();
        notes[place].seconds = now - noted_at;
        noted_at = now;
        atomic_store(&noted, place + 1);
    }
#ifdef __linux__
    if (atomic_load(&armed)) {
        arm();
    }
#endif
    if (pythons.sa_handler != SIG_DFL && pythons.sa_handler != SIG_IGN) {
        pythons.sa_handler(number);
    }
    errno = error;
}

/* Called in the main thread, after Python has set its own handler, which is kept and called there. 0 when it failed. */
static int forward_signal(int number)
{
    struct sigaction now, ours;
    if (sigaction(number, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO)) {
        return 0;
    }
    if (now.sa_handler == forward) {
        return 1;
    }
    pythons = now;
    ours = now;
    ours.sa_handler = forward;
    return sigaction(number, &ours, NULL) == 0;
}

static pthread_t timer;
static pid_t owner;     /* of the timer: a fork has none */
static int signal_number;
static atomic_int running;

static void *run_timer(void *unused)
{
    (void)unused;
    double before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID), seen = before;
    double clock = cpu_seconds(CLOCK_MONOTONIC), rate = 1.0;
    while (atomic_load(&running)) {
        long length = atomic_load(&interval);
        /* Longer where the process gets less than a processor, or waits: waking up costs it some of the time that it gets. */
        long pause = (long)((double)about(length) / rate);
        struct timespec time = {pause / 1000000000L, pause % 1000000000L};
        nanosleep(&time, NULL);
        double now = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID), later = cpu_seconds(CLOCK_MONOTONIC);
        if (later > clock) {
            rate = 0.5 * rate + 0.5 * (now - seen) / (later - clock);
            rate = rate > 1.0 ? 1.0 : rate < LEAST_RATE ? LEAST_RATE : rate;
        }
        seen = now;
        clock = later;
        /* Whoever waits is left alone. */
        if (now - before > 0.25e-9 * (double)length && atomic_load(&running)) {
            before = now;
            pthread_kill(main_thread, signal_number);
        }
    }
    return NULL;
}

/* Signals the main thread, which calls this, about every `seconds` of CPU time from now on; 0: no more. 0 when it failed. */
int pyrust_pace(int number, double seconds)
{
    int mine = owner == getpid(), threaded = mine && atomic_load(&running);
    long length = (long)(seconds * 1e9) + 1;
    int ticks = 0;
#ifdef __linux__
    ticks = seconds > 0.0 && length >= TICK;
    if (!mine) {
        /* A fork has no timer. */
        atomic_store(&armed, 0);
    }
    if (!ticks) {
        end_ticks();
    }
#endif
    if (!mine || seconds <= 0.0 || ticks) {
        atomic_store(&running, 0);
        if (threaded) {
            pthread_join(timer, NULL);
        }
    }
    if (seconds <= 0.0) {
        return 1;
    }
    atomic_store(&interval, length);
    if (threaded && !ticks) {
        return 1;
    }
#ifdef __linux__
    if (ticks && atomic_load(&armed)) {
        return 1;
    }
    if (ticks && threaded) {
        if (begin_ticks(number)) {
            return 1;
        }
        ticks = 0;
    }
#endif
    main_thread = pthread_self();
    main_state = PyThreadState_Get();
    noted_at = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    atomic_store(&noted, 0);
    if (!forward_signal(number)) {
        return 0;
    }
    signal_number = number;
    owner = getpid();
#ifdef __linux__
    if (ticks && begin_ticks(number)) {
        return 1;
    }
#endif
    atomic_store(&running, 1);
    /* The thread handles no signals: they are for Python's threads. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&timer, NULL, run_timer, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        atomic_store(&running, 0);
    }
    return !failed;
}

/* Takes a note, the last one first; 0 when there is none. A signal in between puts its own on top, or over the one being taken:
 * nothing is lost but a sample. */
int pyrust_noted(uintptr_t *code, double *seconds)
{
    int place = atomic_load(&noted);
    if (place <= 0) {
        return 0;
    }
    *code = notes[place - 1].code;
    *seconds = notes[place - 1].seconds;
    atomic_store(&noted, place - 1);
    return 1;
}

#else

int pyrust_pace(int number, double seconds)
{
    (void)number;
    (void)seconds;
    return 0;
}

int pyrust_noted(uintptr_t *code, double *seconds)
{
    (void)code;
    (void)seconds;
    return 0;
}

#endif
