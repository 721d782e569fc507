package dev.baton.scheduler.os;

/**
 * The Linux system calls Baton needs, each named as in the kernel. Any thread unless said
 * otherwise.
 *
 * <p>A failing call throws {@link ErrnoException}, except where its Javadoc says otherwise. Memory
 * is passed by address: a buffer must stay allocated for the length of the call.
 */
public interface LinuxCalls {
  /** {@code EPOLLIN}, {@code eventpoll.h}. */
  int EPOLLIN = 1;

  /** {@code EPOLLET}, {@code eventpoll.h}. */
  int EPOLLET = 1 << 31;

  /** {@code gettid(2)}: the kernel's number of the calling thread. */
  int gettid();

  /** {@code sysconf(_SC_PAGESIZE)}, in bytes. */
  int pageBytes();

  /**
   * {@code perf_event_open(2)} for the context switches of one thread: a software dummy event that
   * records nothing but {@code PERF_RECORD_SWITCH}, with {@code CLOCK_MONOTONIC} time.
   *
   * @param tid a thread of this process
   * @param wakeupBytes it becomes readable in epoll by a record with which there are more bytes
   *     than so many beyond those that have made it so before, which count as so many each
   * @return the event's file descriptor, close-on-exec
   */
  int perfEventOpenContextSwitches(int tid, int wakeupBytes);

  /** {@code mmap(2)}, shared, readable and writable; the address. */
  long mmap(int fd, long bytes);

  /** {@code munmap(2)}. Nobody may read the mapping any more: a later access kills the JVM. */
  void munmap(long address, long bytes);

  /** {@code epoll_create1(2)}, close-on-exec. */
  int epollCreate();

  /** {@code epoll_ctl(2)}, {@code EPOLL_CTL_ADD}. */
  void epollAdd(int epollFd, int fd, int events, long data);

  /** {@code epoll_ctl(2)}, {@code EPOLL_CTL_DEL}. */
  void epollDelete(int epollFd, int fd);

  /** Size of the buffer {@link #epollWait} fills, bytes. */
  int EPOLL_EVENT_BYTES = 16;

  /**
   * {@code epoll_wait(2)} for at most one event.
   *
   * @param event address of {@link #EPOLL_EVENT_BYTES} bytes
   * @param timeoutMillis -1 waits without end
   * @return 1 with an event, 0 after the timeout, -1 if interrupted or failed
   */
  int epollWait(int epollFd, long event, int timeoutMillis);

  /** The {@code data} of the event that {@link #epollWait} has stored at {@code event}. */
  long epollData(long event);

  /** {@code eventfd(2)}, non-blocking, close-on-exec. */
  int eventfd();

  /** Adds one to an {@link #eventfd}. */
  void eventfdSignal(int fd);

  /** {@code timerfd_create(2)} on {@code CLOCK_MONOTONIC}, non-blocking, close-on-exec. */
  int timerfdCreate();

  /**
   * A {@code struct itimerspec} of one expiry after {@code nanos}, that lives as long as the
   * process; its address.
   *
   * @param nanos 1 … 999,999,999
   */
  long timerSpec(long nanos);

  /**
   * {@code timerfd_settime(2)}: one expiry from now; an earlier setting is replaced.
   *
   * @param spec made by {@link #timerSpec}
   */
  void timerfdSettime(int fd, long spec);

  /** {@code close(2)}; errors are ignored. */
  void close(int fd);

  /** {@code sched_getaffinity(2)}: the CPUs the thread may run on; {@code tid} 0 is the caller. */
  CpuSet schedGetaffinity(int tid);

  /**
   * {@code sched_setaffinity(2)} with a mask made by {@link #cpuMask}; {@code tid} 0 is the caller.
   *
   * @return 0, or the positive errno: the caller decides whether a refusal matters
   */
  int schedSetaffinity(int tid, long mask);

  /** A {@code cpu_set_t} that lives as long as the process; its address. */
  long cpuMask(CpuSet cpus);

  /**
   * {@code sched_setattr(2)}: asks EEVDF for a slice of this length under {@code SCHED_OTHER}, nice
   * 0, for the calling thread. Needs no privilege.
   *
   * @return 0, or the positive errno (kernels before 6.12 ignore the slice)
   */
  int schedSetSlice(long nanos);

  /** {@code prctl(PR_SET_TIMERSLACK)} for the calling thread. */
  void setTimerSlack(long nanos);

  /**
   * {@code clock_gettime(2)} of a thread's CPU clock: nanoseconds it has run.
   *
   * @param tid a thread of this process
   * @return -1 if it has ended
   */
  long threadCpuNanos(int tid);

  /** {@code nanosleep(2)}, less than a second; may return early after a signal. */
  void nanosleep(long nanos);
}
