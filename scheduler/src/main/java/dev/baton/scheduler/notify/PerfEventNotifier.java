package dev.baton.scheduler.notify;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.scheduler.os.LinuxCalls;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

// google-java-format off
/*
 * One perf event per worker writes a PERF_RECORD_SWITCH into a ring that the kernel shares with us
 * [1], each time the worker goes off or on the CPU, and makes an epoll set readable when it goes off.
 *
 * The gate. A worker sleeps in epoll_wait all day long and that is no news. The kernel drops a
 * record, and wakes nobody, when the ring looks full; so the worker keeps data_tail at "full" and
 * moves it to make room only while it runs continuations:
 *
 *   kernel's free space = (data_tail - (data_head + 1)) mod ring size            [2]
 *   disarmed:  data_tail = data_head + 1          no space
 *   armed:     data_tail = data_head + 1 + ROOM   space for ROOM bytes
 *
 * One plain store into the mapped page opens or closes the gate: no system call on any path. Who takes
 * the worker's loop closes it, too (mute): what a worker does that is away is no news.
 * ROOM holds a LOST record (written before the first record after a loss) and some twenty SWITCHes: a
 * handler that was preempted, or has slept before, is still seen as it is. Of a ring with no room left
 * nobody knows what came after: the loop's timer looks at what the JVM says, and at the clock.
 *
 * Who is woken. A standby that is woken when the worker comes back onto the CPU pushes it off again,
 * and so on: two standbys then take turns with a busy loop for ever. The kernel wakes by bytes: if with
 * a record the head is more than the watermark ahead of a count, and adds the watermark to that [2].
 * Records come in pairs, off and on: the worker moves the gate only while it is on the CPU, and who
 * closes it while the worker is off, after an odd number of records, leaves room for one more. The
 * watermark is a pair, so the count keeps up: on average one wake-up per pair. Which of the two wakes is
 * decided by the first pair, off without a wake-up, on without: from there off always finds the count
 * a pair behind. A LOST is as long as a pair: that "on" wakes in vain, and the count is right again.
 *
 * Races.
 *  - A preemption between reading data_head and storing data_tail moves the head on: the gate
 *    would stand wrong by one record. The worker therefore re-reads the head until it is stable.
 *    The head is written by the kernel on behalf of this very thread (and in program order with
 *    it), so one re-read after the store is enough to see any record the store was late for.
 *  - Who has taken the loop closes the gate while the worker may be switched on another CPU, or close it
 *    too. Whoever stores last reads the head afterwards, with a full fence in between where it is that
 *    of another thread, and stores again if it has moved; behind a closed gate it does not move. The
 *    worker opens it again only after Worker.settle, which waits for who is in Worker.lostLoop.
 *  - look() runs on another thread while the worker may re-arm. It may then read a torn picture;
 *    the taker's compare-and-set on the loop's status word fails in that case, because re-arming
 *    happens only between continuations. No harm beyond one wasted look.
 *  - A look() after munmap would kill the JVM: both hold the ring's monitor.
 *
 * [1] perf_event_open(2); linux/perf_event.h: struct perf_event_mmap_page
 * [2] kernel/events/ring_buffer.c: ring_buffer_has_space, __perf_output_begin
 */
// google-java-format on
/** Blocked workers by the kernel's own word: context-switch records of perf events. */
public final class PerfEventNotifier extends BlockNotifier {
  // linux/perf_event.h
  private static final int PERF_RECORD_SWITCH = 14;
  private static final int PERF_RECORD_MISC_SWITCH_OUT = 1 << 13;
  private static final int PERF_RECORD_MISC_SWITCH_OUT_PREEMPT = 1 << 14;
  private static final long DATA_HEAD = 1024;
  private static final long DATA_TAIL = 1032;

  private static final int ROOM = 512;

  /** A SWITCH record: its header, and the time. A LOST record is twice as long. */
  static final int SWITCH_BYTES = 16;

  /** How often a worker that begins sleeps to have its first pair of records written. */
  private static final int MOST_SLEEPS = 100;

  private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private final LinuxCalls calls;
  private final int pageBytes;

  public PerfEventNotifier(LinuxCalls calls) {
    this.calls = calls;
    this.pageBytes = calls.pageBytes();
  }

  @Override
  public Kind kind() {
    return Kind.PERF;
  }

  @Override
  public boolean wakes() {
    return true;
  }

  @Override
  public Ring attach(int tid, int epollFd, long data) {
    int fd = calls.perfEventOpenContextSwitches(tid, 2 * SWITCH_BYTES);
    try {
      Ring ring = new Ring(calls, fd, calls.mmap(fd, 2L * pageBytes), pageBytes);
      ring.begin();
      calls.epollAdd(epollFd, fd, LinuxCalls.EPOLLIN | LinuxCalls.EPOLLET, data);
      return ring;
    } catch (RuntimeException e) {
      calls.close(fd);
      throw e;
    }
  }

  /** The ring of one worker: a control page and a data page. */
  static final class Ring extends BlockProbe {
    private final LinuxCalls calls;
    private final int fd;
    private final long control;
    private final long data;
    private final int pageBytes;

    // Written by the worker only: data_head when the gate was last opened.
    private long armedHead;

    // Guarded by this
    private boolean closed;
    // Guarded by this
    private long blockedSinceNanos;

    Ring(LinuxCalls calls, int fd, long address, int pageBytes) {
      this.calls = calls;
      this.fd = fd;
      this.control = address;
      this.data = address + pageBytes;
      this.pageBytes = pageBytes;
    }

    /** Has the first pair of records written, and shuts the gate. The worker. */
    void begin() {
      arm();
      for (int sleeps = 0; dataHeadAcquire() == 0 && sleeps < MOST_SLEEPS; sleeps++) {
        LockSupport.parkNanos(1_000);
      }
      disarm();
    }

    private long dataHeadAcquire() {
      return (long) LONG.getAcquire(MEMORY, control + DATA_HEAD);
    }

    private void moveTail(int room) {
      long head;
      do {
        head = dataHeadAcquire();
        LONG.setRelease(MEMORY, control + DATA_TAIL, head + 1 + room);
      } while (dataHeadAcquire() != head);
      armedHead = head;
    }

    @Override
    public void arm() {
      moveTail(ROOM);
    }

    @Override
    public void rearm() {
      if (dataHeadAcquire() != armedHead) {
        moveTail(ROOM);
      }
    }

    @Override
    public void disarm() {
      moveTail(0);
    }

    @Override
    public void mute() {
      long head;
      do {
        head = dataHeadAcquire();
        long second = head & SWITCH_BYTES; // of a pair
        LONG.setVolatile(MEMORY, control + DATA_TAIL, head + 1 + second);
      } while ((long) LONG.getVolatile(MEMORY, control + DATA_HEAD) != head);
    }

    @Override
    public synchronized Sighting look() {
      blockedSinceNanos = 0;
      if (closed) {
        return Sighting.UNKNOWN;
      }
      long at = (long) LONG.getAcquire(MEMORY, control + DATA_TAIL) - 1 - ROOM;
      long head = dataHeadAcquire();
      if (at > head || head - at > ROOM) {
        return Sighting.UNKNOWN; // torn: the worker moved on
      }
      if (head - at > ROOM - SWITCH_BYTES) {
        return Sighting.UNKNOWN; // full: the next record was lost
      }
      Sighting sighting = Sighting.RUNNING; // no record since the gate opened
      while (at < head) {
        long record = data + (at & (pageBytes - 1));
        long header = MEMORY.get(JAVA_LONG, record); // u32 type, u16 misc, u16 size
        int bytes = (int) (header >> 48);
        if (bytes <= 0) {
          return Sighting.UNKNOWN;
        }
        if ((int) header == PERF_RECORD_SWITCH) {
          int misc = (int) (header >> 32);
          if ((misc & PERF_RECORD_MISC_SWITCH_OUT) == 0) {
            sighting = Sighting.RUNNING;
          } else if ((misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT) != 0) {
            sighting = Sighting.PREEMPTED;
          } else {
            sighting = Sighting.BLOCKED;
            // sample_id ends the record: TIME (8 bytes)
            blockedSinceNanos = MEMORY.get(JAVA_LONG, data + ((at + bytes - 8) & (pageBytes - 1)));
          }
        }
        at += bytes;
      }
      return sighting;
    }

    @Override
    public synchronized long blockedSinceNanos() {
      return blockedSinceNanos;
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        calls.close(fd); // also leaves the epoll set
        calls.munmap(control, 2L * pageBytes);
      }
    }
  }
}
