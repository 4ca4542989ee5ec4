/* Sends a signal on to the main thread.
 *
 * Python runs signal handlers in the main thread only. A CPU timer's signal may arrive in the thread that uses the CPU,
 * while the main thread waits in a system call and does not notice. */

#include <Python.h>

#ifndef MS_WINDOWS

#include <pthread.h>
#include <signal.h>

static pthread_t main_thread;
static struct sigaction pythons;

static void forward(int number)
{
    if (!pthread_equal(pthread_self(), main_thread)) {
        pthread_kill(main_thread, number);
    } else if (pythons.sa_handler != SIG_DFL && pythons.sa_handler != SIG_IGN) {
        pythons.sa_handler(number);
    }
}

/* Called in the main thread, after Python has set its own handler, which is kept and called there. 0 when it failed. */
int pyrust_forward_signal(int number)
{
    struct sigaction now, ours;
    if (sigaction(number, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO)) {
        return 0;
    }
    if (now.sa_handler == forward) {
        return 1;
    }
    main_thread = pthread_self();
    pythons = now;
    ours = now;
    ours.sa_handler = forward;
    return sigaction(number, &ours, NULL) == 0;
}

#else

int pyrust_forward_signal(int number)
{
    (void)number;
    return 0;
}

#endif
