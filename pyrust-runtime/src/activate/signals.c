/* Threads that do turns of a loop take no signals.
 *
 * Where a signal arrives in another thread than the main one, CPython's handler notes it but does not tell the
 * interpreter to look, so native code would not hear of it before it returns.
 */
#ifdef _WIN32
void pyrust_signals_hold(void) {}
void pyrust_signals_release(void) {}
#else
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>

/* One thread at a time: it holds the GIL. */
static sigset_t before;

/* From here on the calling thread, and those that it starts, take only signals that tell of their own mistakes. */
void pyrust_signals_hold(void)
{
    static const int own[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    sigset_t all;
    sigfillset(&all);
    for (unsigned at = 0; at < sizeof own / sizeof *own; at++)
        sigdelset(&all, own[at]);
    pthread_sigmask(SIG_BLOCK, &all, &before);
}

/* The calling thread takes again what it took before; what has come meanwhile comes now. */
void pyrust_signals_release(void)
{
    pthread_sigmask(SIG_SETMASK, &before, 0);
}
#endif
