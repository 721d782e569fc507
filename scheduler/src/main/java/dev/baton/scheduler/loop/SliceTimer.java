package dev.baton.scheduler.loop;

import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.StatusWord;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * A one-shot timerfd per loop, in the epoll set its standbys sleep in. The loop pushes it out at
 * most every three quarters of a slice, also between the units of one turn, so it fires only when the
 * loop is stuck, or idle, once: no tick.
 *
 *   armed      ── owner pushes (every 3/4 of a slice) ───────────▶ armed
 *   armed      ── fires, loop in IO ─────────────────────────────▶ forgotten (nextPush = 0)
 *   forgotten  ── next turn or unit of the loop pushes ──▶ armed
 *   armed      ── fires, loop in UNIT ───────────────────────────▶ looked at, armed for a slice
 *   looked at  ── fires, same status word, unit has run for a slice ─▶ the loop is taken
 *   looked at  ── fires, same status word, it has not ───────────▶ looked at, armed for a slice
 *
 * What a unit has run for is CPU time: one that waits for its CPU is no hog, and whoever takes its
 * loop would wait for the same CPU. How much of it a slice is: SliceRule.
 *
 * forgotten: Dekker between the standby (nextPush = 0; read status) and the owner (publish
 * UNIT; read nextPush). Both are volatile, so at least one of them arms the timer.
 *
 * Benign races. A lost update of nextPush costs one push too many, or one slice of delay; the owner
 * pushes in IO or at the start of a unit only, so it was not stuck then.
 */
// google-java-format on
/** Notices that a loop is stuck in one unit, without a tick. */
final class SliceTimer {
  private final LinuxCalls calls;
  private final int fd;

  // Written by who installs a policy, read by any thread: benign, an old slice is used once more
  private Slice slice;

  // Written by the owner and by standbys
  private volatile long nextPushNanos;

  // Written by standbys
  private volatile long seenStatus;
  private volatile long seenCpuNanos;

  // Written by the agent, taken by standbys
  private final AtomicReference<@Nullable TakeoverRequest> request = new AtomicReference<>();

  /**
   * A slice, and what sets the timer for it.
   *
   * @param nanos its length
   * @param pushSpec later than the push that is due next, so that a busy loop pushes before its
   *     timer fires
   * @param sliceSpec the slice itself
   */
  record Slice(long nanos, long pushSpec, long sliceSpec) {
    static Slice of(LinuxCalls calls, long nanos) {
      return new Slice(nanos, calls.timerSpec(SliceRule.firesNanos(nanos)), calls.timerSpec(nanos));
    }
  }

  SliceTimer(LinuxCalls calls, int epollFd, long data, Slice slice) {
    this.calls = calls;
    this.slice = slice;
    this.fd = calls.timerfdCreate();
    calls.epollAdd(epollFd, fd, LinuxCalls.EPOLLIN | LinuxCalls.EPOLLET, data);
  }

  /** Another slice from the next push on. Any thread. */
  void slice(Slice next) {
    slice = next;
  }

  /**
   * Has the next standby that wakes up here carry out {@code wanted}, and wakes one. The agent.
   *
   * @param atOnce sets a timer to the shortest time
   */
  void request(TakeoverRequest wanted, long atOnce) {
    request.set(wanted);
    calls.timerfdSettime(fd, atOnce);
  }

  /** What is wanted of the caller, or null. A standby. */
  @Nullable TakeoverRequest takeRequest() {
    return request.get() == null ? null : request.getAndSet(null);
  }

  /** Pushes the timer out if most of a slice has passed since the last push. The owner in IO. */
  void pushIfDue(long nowNanos) {
    long next = nextPushNanos;
    if (next == 0 || nowNanos - next >= 0) {
      push(nowNanos);
    }
  }

  /**
   * Begins a unit, with the timer armed also if it has fired while the loop was idle. The owner in
   * IO.
   *
   * @return as {@link OwnershipWord#enter}
   */
  long enter(OwnershipWord word) {
    long inside = word.enter();
    if (nextPushNanos == 0) {
      push(System.nanoTime());
    }
    return inside;
  }

  private void push(long nowNanos) {
    Slice now = slice;
    nextPushNanos = (nowNanos + SliceRule.nextPushNanos(now.nanos())) | 1; // never 0
    calls.timerfdSettime(fd, now.pushSpec());
  }

  /**
   * The timer has fired. A standby.
   *
   * @return the status now: if it is that of a unit, this standby is to look at it
   */
  long fired(OwnershipWord word) {
    long status = word.get();
    if (StatusWord.isTakeable(status)) {
      return status;
    }
    nextPushNanos = 0;
    return word.get(); // a unit that has begun meanwhile may not have seen that
  }

  /**
   * Whether a unit has used its slice up, and {@code moreNanos} beyond. The timer has fired inside
   * it. A standby.
   *
   * @param status the loop's status word
   * @param cpuNanos for how long the owner's thread has run on a CPU, or any other clock
   */
  boolean isUsedUp(long status, long cpuNanos, long moreNanos) {
    return seenStatus == status
        && SliceRule.isUsedUp(slice.nanos(), cpuNanos - seenCpuNanos, moreNanos);
  }

  /** Looks again after one more slice. A standby. */
  void lookAgain(long status, long cpuNanos) {
    if (seenStatus != status || cpuNanos < seenCpuNanos) { // or another clock was read then
      seenCpuNanos = cpuNanos;
      seenStatus = status;
    }
    calls.timerfdSettime(fd, slice.sliceSpec());
  }

  /** Has a standby look in a slice, also if the last one has not come back. Any thread. */
  void watchAgain() {
    calls.timerfdSettime(fd, slice.sliceSpec());
  }

  /** Has the standbys that wait in this epoll set woken, too. The owner in IO. */
  void watchIn(int epollFd, long data) {
    calls.epollAdd(epollFd, fd, LinuxCalls.EPOLLIN | LinuxCalls.EPOLLET, data);
  }

  /** And no more; one that was woken before may still come. The owner in IO. */
  void unwatchIn(int epollFd) {
    calls.epollDelete(epollFd, fd);
  }

  /** Nobody may look at this timer any more. */
  void close() {
    calls.close(fd);
  }
}
