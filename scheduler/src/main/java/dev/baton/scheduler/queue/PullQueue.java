package dev.baton.scheduler.queue;

import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Loops give here what they will not run soon, and pull from here when they have nothing else; each
 * loop may take back what it gave. So nothing that is here depends on one loop alone.
 *
 *     giver:  add;        read idle bits      (a set bit is cleared, that loop woken)
 *     loop:   set its bit; read the queue; sleep
 *
 * Dekker's pair, as in StageQueue: adding is a CAS of the queue's producer index, setting the bit an
 * atomic "or", and the queue is read through its indices. A wake-up is a promise to look here before
 * sleeping again; a loop that finds work of its own first passes it on.
 */
// google-java-format on
/**
 * The bounded queue of units that loops of an enclave give to those of them that are idle.
 *
 * <p>{@link #offer} and the readers are for any thread; the rest is for the loop it names: its
 * owner in state IO.
 *
 * @param <T> a unit
 * @see <a href="https://dl.acm.org/doi/10.1145/3132747.3132780">ZygOS, SOSP '17</a>
 */
public final class PullQueue<T> {
  private final MpmcVarHandleArrayQueue<T> queue;
  private final IdleLoops idle;

  /**
   * An empty queue.
   *
   * @param capacity the most units that wait, at least 2
   * @param loops at least 1
   */
  public PullQueue(int capacity, int loops) {
    queue = new MpmcVarHandleArrayQueue<>(capacity);
    idle = new IdleLoops(loops);
  }

  /** Says how loop {@code index} is woken. Before the first {@link #offer}. */
  public void attach(int index, Runnable waker) {
    idle.attach(index, waker);
  }

  /**
   * Gives a unit away, and wakes a loop for it if one sleeps.
   *
   * @return false if the queue is full; nothing changed
   */
  public boolean offer(T unit) {
    if (!queue.offer(unit)) {
      return false;
    }
    idle.wakeOne(-1);
    return true;
  }

  /** The unit that has waited longest, or null. */
  public @Nullable T poll() {
    return queue.poll();
  }

  /** Whether nothing waits. */
  public boolean isEmpty() {
    return queue.isEmpty();
  }

  /** The units that wait; an estimate. */
  public int size() {
    return queue.size();
  }

  /** Whether a loop sleeps, or is about to. */
  public boolean isIdle(int loop) {
    return idle.isIdle(loop);
  }

  /** How many loops sleep and would pull; an estimate. */
  public int idle() {
    return idle.count();
  }

  /** How often a sleeping loop was woken, since the start. */
  public long wakeUps() {
    return idle.wakeUps();
  }

  /**
   * Announces that {@code loop} is about to sleep.
   *
   * @return false if it must not: something waits
   */
  public boolean park(int loop) {
    idle.park(loop);
    return queue.isEmpty();
  }

  /** {@code loop} is awake. */
  public void unpark(int loop) {
    idle.unpark(loop);
  }

  /** A loop that may have been woken for what is here runs something else first. */
  public void passOn() {
    if (!queue.isEmpty()) {
      idle.wakeOne(-1);
    }
  }
}
