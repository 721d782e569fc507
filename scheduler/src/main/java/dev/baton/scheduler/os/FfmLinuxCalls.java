package dev.baton.scheduler.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;
import java.util.Locale;

/**
 * {@link LinuxCalls} through the foreign function API; x86-64 and AArch64.
 *
 * <p>Calls on the way from a kernel event to a takeover ({@code epoll_wait}, {@code
 * timerfd_settime}, {@code sched_setaffinity}, {@code nanosleep}) are bare downcalls. The others
 * capture {@code errno} in a segment that belongs to the calling thread.
 */
public final class FfmLinuxCalls implements LinuxCalls {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final boolean AARCH64 =
      System.getProperty("os.arch", "").toLowerCase(Locale.ROOT).equals("aarch64");

  // asm/unistd_64.h (x86-64), asm-generic/unistd.h (AArch64)
  private static final long SYS_PERF_EVENT_OPEN = AARCH64 ? 241 : 298;
  private static final long SYS_SCHED_SETATTR = AARCH64 ? 274 : 314;
  private static final long SYS_GETTID = AARCH64 ? 178 : 186;

  // struct epoll_event is packed on x86-64 only (eventpoll.h: EPOLL_PACKED)
  private static final int EPOLL_DATA_OFFSET = AARCH64 ? 8 : 4;

  private static final int CPU_MASK_BYTES = CpuSet.MAX_CPUS / Byte.SIZE;

  /** All memory, so that an address can be read without a segment of its own. */
  private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final ThreadLocal<MemorySegment> ERRNO_STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

  private final MethodHandle syscall =
      handle(
          "syscall",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(1),
          ERRNO);
  private final MethodHandle mmap =
      handle(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG),
          ERRNO);
  private final MethodHandle munmap =
      handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG), ERRNO);
  private final MethodHandle getpagesize = handle("getpagesize", FunctionDescriptor.of(JAVA_INT));
  private final MethodHandle epollCreate1 =
      handle("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT), ERRNO);
  private final MethodHandle epollCtl =
      handle(
          "epoll_ctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS),
          ERRNO);
  private final MethodHandle epollWait =
      handle(
          "epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
  private final MethodHandle eventfd =
      handle("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT), ERRNO);
  private final MethodHandle eventfdWrite =
      handle("eventfd_write", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG), ERRNO);
  private final MethodHandle timerfdCreate =
      handle("timerfd_create", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT), ERRNO);
  private final MethodHandle timerfdSettime =
      handle(
          "timerfd_settime",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private final MethodHandle close = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private final MethodHandle schedGetaffinity =
      handle(
          "sched_getaffinity",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
          ERRNO);
  private final MethodHandle schedSetaffinity =
      handle(
          "sched_setaffinity",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG),
          ERRNO);
  private final MethodHandle prctl =
      handle(
          "prctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(1));
  private final MethodHandle clockGettime =
      handle("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  private final MethodHandle nanosleep =
      handle("nanosleep", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

  /**
   * Binds the calls; no system call is made.
   *
   * @throws UnsupportedOperationException off Linux, or on an architecture whose system call
   *     numbers are not known here
   */
  public FfmLinuxCalls() {
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    if (!System.getProperty("os.name", "").equals("Linux")
        || !(arch.equals("amd64") || arch.equals("x86_64") || AARCH64)) {
      throw new UnsupportedOperationException(
          "block notification needs Linux on x86-64 or AArch64, not "
              + System.getProperty("os.name")
              + " on "
              + arch);
    }
  }

  private static MethodHandle handle(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
  }

  private static int errno() {
    return ERRNO_STATE.get().get(JAVA_INT, 0);
  }

  private static long checked(String call, long result) {
    if (result == -1) {
      throw new ErrnoException(call, errno());
    }
    return result;
  }

  private static AssertionError rethrow(Throwable t) {
    if (t instanceof RuntimeException e) {
      throw e;
    }
    if (t instanceof Error e) {
      throw e;
    }
    return new AssertionError(t);
  }

  private long syscall(long number, long a, long b, long c, long d, long e) {
    try {
      return (long) syscall.invokeExact(ERRNO_STATE.get(), number, a, b, c, d, e);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public int gettid() {
    return (int) syscall(SYS_GETTID, 0, 0, 0, 0, 0);
  }

  @Override
  public int pageBytes() {
    try {
      return (int) getpagesize.invokeExact();
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public int perfEventOpenContextSwitches(int tid, int wakeupBytes) {
    // struct perf_event_attr, PERF_ATTR_SIZE_VER8, perf_event.h
    final int size = 136;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(size, 8);
      attr.set(JAVA_INT, 0, 1); // type = PERF_TYPE_SOFTWARE
      attr.set(JAVA_INT, 4, size);
      attr.set(JAVA_LONG, 8, 9); // config = PERF_COUNT_SW_DUMMY
      attr.set(JAVA_LONG, 24, 1L << 2); // PERF_SAMPLE_TIME
      attr.set(
          JAVA_LONG,
          40,
          (1L << 5) // exclude_kernel
              | (1L << 6) // exclude_hv
              | (1L << 14) // watermark
              | (1L << 18) // sample_id_all
              | (1L << 25) // use_clockid
              | (1L << 26)); // context_switch
      attr.set(JAVA_INT, 48, wakeupBytes); // wakeup_watermark
      attr.set(JAVA_INT, 92, 1); // clockid = CLOCK_MONOTONIC
      // PERF_FLAG_FD_CLOEXEC = 8
      return (int)
          checked("perf_event_open", syscall(SYS_PERF_EVENT_OPEN, attr.address(), tid, -1, -1, 8));
    }
  }

  @Override
  public long mmap(int fd, long bytes) {
    try {
      // PROT_READ | PROT_WRITE, MAP_SHARED
      return checked("mmap", (long) mmap.invokeExact(ERRNO_STATE.get(), 0L, bytes, 3, 1, fd, 0L));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public void munmap(long address, long bytes) {
    try {
      checked("munmap", (int) munmap.invokeExact(ERRNO_STATE.get(), address, bytes));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public int epollCreate() {
    try {
      return (int)
          checked("epoll_create1", (int) epollCreate1.invokeExact(ERRNO_STATE.get(), 0x80000));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public void epollAdd(int epollFd, int fd, int events, long data) {
    epollCtl(1, epollFd, fd, events, data);
  }

  @Override
  public void epollDelete(int epollFd, int fd) {
    epollCtl(2, epollFd, fd, 0, 0);
  }

  private void epollCtl(int operation, int epollFd, int fd, int events, long data) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(EPOLL_EVENT_BYTES, 8);
      event.set(JAVA_INT, 0, events);
      event.set(JAVA_LONG_UNALIGNED, EPOLL_DATA_OFFSET, data);
      checked(
          "epoll_ctl",
          (int) epollCtl.invokeExact(ERRNO_STATE.get(), epollFd, operation, fd, event));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public int epollWait(int epollFd, long event, int timeoutMillis) {
    try {
      return (int) epollWait.invokeExact(epollFd, event, 1, timeoutMillis);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public long epollData(long event) {
    return MEMORY.get(JAVA_LONG_UNALIGNED, event + EPOLL_DATA_OFFSET);
  }

  @Override
  public int eventfd() {
    try {
      // EFD_CLOEXEC | EFD_NONBLOCK
      return (int)
          checked("eventfd", (int) eventfd.invokeExact(ERRNO_STATE.get(), 0, 0x80000 | 0x800));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public void eventfdSignal(int fd) {
    try {
      checked("eventfd_write", (int) eventfdWrite.invokeExact(ERRNO_STATE.get(), fd, 1L));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public int timerfdCreate() {
    try {
      // CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK
      return (int)
          checked(
              "timerfd_create",
              (int) timerfdCreate.invokeExact(ERRNO_STATE.get(), 1, 0x80000 | 0x800));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public long timerSpec(long nanos) {
    // struct itimerspec: it_interval (16 bytes, zero), it_value.tv_sec, it_value.tv_nsec
    MemorySegment spec = Arena.global().allocate(32, 8);
    spec.set(JAVA_LONG, 24, nanos);
    return spec.address();
  }

  @Override
  public void timerfdSettime(int fd, long spec) {
    try {
      int _ = (int) timerfdSettime.invokeExact(fd, 0, spec, 0L);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public void close(int fd) {
    try {
      int _ = (int) close.invokeExact(fd);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public CpuSet schedGetaffinity(int tid) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(CPU_MASK_BYTES, 8);
      int _ =
          (int)
              checked(
                  "sched_getaffinity",
                  (int)
                      schedGetaffinity.invokeExact(
                          ERRNO_STATE.get(), tid, (long) CPU_MASK_BYTES, mask));
      return CpuSet.of(BitSet.valueOf(mask.toArray(JAVA_LONG)));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public int schedSetaffinity(int tid, long mask) {
    try {
      int result =
          (int) schedSetaffinity.invokeExact(ERRNO_STATE.get(), tid, (long) CPU_MASK_BYTES, mask);
      return result == -1 ? errno() : 0;
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public long cpuMask(CpuSet cpus) {
    MemorySegment mask = Arena.global().allocate(CPU_MASK_BYTES, 8);
    mask.copyFrom(MemorySegment.ofArray(cpus.toBitSet().toLongArray()));
    return mask.address();
  }

  @Override
  public int schedSetSlice(long nanos) {
    // struct sched_attr, SCHED_ATTR_SIZE_VER0, sched/types.h
    final int size = 48;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(size, 8);
      attr.set(JAVA_INT, 0, size);
      attr.set(JAVA_LONG, 24, nanos); // sched_runtime
      return syscall(SYS_SCHED_SETATTR, 0, attr.address(), 0, 0, 0) == -1 ? errno() : 0;
    }
  }

  @Override
  public void setTimerSlack(long nanos) {
    try {
      int _ = (int) prctl.invokeExact(29, nanos, 0L, 0L, 0L); // PR_SET_TIMERSLACK, prctl.h
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public long threadCpuNanos(int tid) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(MemoryLayout.sequenceLayout(2, JAVA_LONG));
      int clock = (~tid << 3) | 6; // CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED, posix-timers.h
      int failed = (int) clockGettime.invokeExact(clock, time);
      return failed != 0 ? -1 : time.get(JAVA_LONG, 0) * 1_000_000_000L + time.get(JAVA_LONG, 8);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  @Override
  public void nanosleep(long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(MemoryLayout.sequenceLayout(2, JAVA_LONG));
      time.set(JAVA_LONG, 8, nanos);
      int _ = (int) nanosleep.invokeExact(time, 0L);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }
}
