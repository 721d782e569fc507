package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.StatusWord;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * The ownership protocol.
 *
 * A loop is driven by one worker at a time, its owner, and can pass to another worker. The status
 * word [sequence | owner | state] says who drives it and how:
 *
 *                owner enters (volatile store)              owner suspends (compare-and-set)
 *     IO(owner) ──────────────────────────────▶ UNIT(owner) ──────────────────▶ SUSPENDED(owner)
 *         ▲                                        │   │                            │   │
 *         │  owner leaves (compare-and-set)        │   │                            │   │
 *         └────────────────────────────────────────┴───│────────────────────────────┘   │
 *                                                      │ anyone takes the loop          │
 *                                                      │ (compare-and-set)              │
 *                                                      ▼                                │
 *                                                IO(new owner) ◀────────────────────────┘
 *
 *  IO    The owner polls, and touches what a loop's channels share: the list of those that are ready,
 *        timers, tasks, queues. Never taken over. Only the owner writes the word.
 *  UNIT  The owner runs one unit: what is to be done on behalf of one channel or of one context, with
 *        nobody else's code on its stack. It may lose the loop at any instruction.
 *  SUSPENDED  As UNIT, but the owner has given up the channel and waits.
 *
 * Rules
 *  1. If the owner's compare-and-set out of UNIT fails, the loop is gone: the old owner touches
 *     nothing of it any more. It keeps the channel whose unit it runs, if it runs one: see
 *     ChannelLoop.
 *  2. What the loop's channels share is touched in IO only, by the owner's own thread too.
 *  3. The new owner makes the loop Netty's current executor of its thread.
 *
 * Happens-before. All plain state of the loop is written by owners in IO. It passes from the old
 * owner's volatile store of UNIT to the new owner's successful compare-and-set of the same word.
 * Which channel a unit belongs to (TransferableEventLoop.current) passes the same way: who takes the
 * loop detaches that channel.
 *
 * Suspending. A callback that is about to wait for something that its own channel may have to bring
 * (Future.await) gives the channel up: UNIT becomes SUSPENDED, and who takes the loop then detaches
 * nothing. If that compare-and-set fails the loop was taken before, with the channel detached, and
 * the old owner gives the channel back.
 *
 * Whose standbys may take it. The owner in IO may pass the loop to a worker of another pool (LoopMove):
 *     owner: write crew; compare-and-set the word        standby: read the word; read crew; take
 * A standby that has read a word from after the pass sees the new crew, and one that has read a word
 * from before it fails at its compare-and-set.
 *
 * Sequence. It grows with every change, so a decision that was based on an older word fails, whatever
 * happened in between.
 */
// google-java-format on
/** Who drives a loop, and how: its status word. */
final class OwnershipWord {
  /** What {@link #leave} and {@link #suspend} answer if the loop was taken. Never a word. */
  static final long LOST = -1;

  private static final VarHandle WORD;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(OwnershipWord.class, "word", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long word;

  // Written by the owner in IO, before it passes the word on
  private @Nullable Object crew;

  /** The word now, {@link StatusWord}. Any thread. */
  long get() {
    return word;
  }

  /** Makes {@code owner} the first owner, before its thread starts. */
  void assign(int owner) {
    word = StatusWord.ownedBy(owner, word);
  }

  /**
   * Begins a unit. The owner in IO: from here on the loop may be lost at any instruction.
   *
   * @return the word now
   */
  long enter() {
    long inside = StatusWord.entered(word);
    // Publishes all plain state of the loop. A full fence: pairs with SliceTimer.fired().
    WORD.setVolatile(this, inside);
    return inside;
  }

  /**
   * Ends a unit. Its owner.
   *
   * @param inside what {@link #enter}, or {@link #suspend} after it, answered
   * @return false if the loop was taken: the caller must not touch it any more
   */
  boolean leave(long inside) {
    return WORD.compareAndSet(this, inside, StatusWord.left(inside));
  }

  /**
   * Gives up the channel of a unit, not the loop. Its owner.
   *
   * @param inside what {@link #enter} answered
   * @return the word now, or {@link #LOST} if the loop was taken with the channel detached
   */
  long suspend(long inside) {
    long next = StatusWord.suspended(inside);
    return WORD.compareAndSet(this, inside, next) ? next : LOST;
  }

  /**
   * Takes the loop from a worker that is inside a unit. Any thread; on success the caller is the
   * owner, in IO.
   *
   * @param seen the word the decision was based on
   * @param newOwner id of the calling worker
   * @return {@code false} if the world has moved since; nothing changed
   */
  boolean tryTake(long seen, int newOwner) {
    return StatusWord.isTakeable(seen)
        && WORD.compareAndSet(this, seen, StatusWord.ownedBy(newOwner, seen));
  }

  /** Whether it is for workers of this pool to take the loop. After {@link #get}. Any thread. */
  boolean isFor(Object pool) {
    return crew == pool;
  }

  /** Names the pool whose workers may take the loop. Before the first owner's thread starts. */
  void belongTo(Object pool) {
    crew = pool;
  }

  /**
   * Passes the loop to a worker of another pool, which does not run yet. The owner in IO.
   *
   * @return {@code false} if the caller is not the owner; nothing changed but who may take it
   */
  boolean pass(int owner, int next, Object pool) {
    crew = pool;
    return inherit(owner, next);
  }

  /**
   * Passes the loop from a worker whose thread ends to a new one. That worker.
   *
   * @return {@code false} if it had lost the loop before
   */
  boolean inherit(int dying, int next) {
    long now = word;
    return StatusWord.owner(now) == dying
        && WORD.compareAndSet(this, now, StatusWord.ownedBy(next, now));
  }
}
