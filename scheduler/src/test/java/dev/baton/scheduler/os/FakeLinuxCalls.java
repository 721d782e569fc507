package dev.baton.scheduler.os;

import java.util.ArrayList;
import java.util.List;

/**
 * System calls that do nothing and succeed, and note what was asked of them. A test overrides those
 * it is about.
 */
public class FakeLinuxCalls implements LinuxCalls {
  /** File descriptors that were closed, in order. */
  public final List<Integer> closed = new ArrayList<>();

  /** Nanoseconds the timers were set to, in order. */
  public final List<Long> timerSettings = new ArrayList<>();

  private int nextFd = 100;

  @Override
  public int gettid() {
    return (int) ProcessHandle.current().pid(); // the main thread's, which is there
  }

  @Override
  public int pageBytes() {
    return 4096;
  }

  @Override
  public int perfEventOpenContextSwitches(int tid, int wakeupBytes) {
    throw new ErrnoException("perf_event_open", ErrnoException.EACCES);
  }

  @Override
  public long mmap(int fd, long bytes) {
    throw new ErrnoException("mmap", ErrnoException.EPERM);
  }

  @Override
  public void munmap(long address, long bytes) {}

  @Override
  public int epollCreate() {
    return nextFd++;
  }

  @Override
  public void epollAdd(int epollFd, int fd, int events, long data) {}

  @Override
  public void epollDelete(int epollFd, int fd) {}

  @Override
  public int epollWait(int epollFd, long event, int timeoutMillis) {
    return 0;
  }

  @Override
  public long epollData(long event) {
    return 0;
  }

  @Override
  public int eventfd() {
    return nextFd++;
  }

  @Override
  public void eventfdSignal(int fd) {}

  @Override
  public int timerfdCreate() {
    return nextFd++;
  }

  /** The nanoseconds themselves. */
  @Override
  public long timerSpec(long nanos) {
    return nanos;
  }

  @Override
  public void timerfdSettime(int fd, long spec) {
    timerSettings.add(spec);
  }

  @Override
  public void close(int fd) {
    closed.add(fd);
  }

  @Override
  public CpuSet schedGetaffinity(int tid) {
    return CpuSet.of(0);
  }

  @Override
  public int schedSetaffinity(int tid, long mask) {
    return 0;
  }

  @Override
  public long cpuMask(CpuSet cpus) {
    return 1;
  }

  @Override
  public int schedSetSlice(long nanos) {
    return 0;
  }

  @Override
  public void setTimerSlack(long nanos) {}

  @Override
  public long threadCpuNanos(int tid) {
    return 0;
  }

  @Override
  public void nanosleep(long nanos) {}
}
