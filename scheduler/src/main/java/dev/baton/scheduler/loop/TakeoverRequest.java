package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.TransactionResult;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 *   asked ── claim: a standby of that loop, before it decides ──▶ claimed ── answer ──▶ answered
 *   asked ── withdraw: who has asked, tired of waiting ─────────▶ withdrawn
 *
 * Both leave "asked" by a compare-and-set, so a loop is not taken for a request that was given up.
 */
// google-java-format on
/** A takeover that an agent wants, and a standby is to carry out. */
final class TakeoverRequest {
  private enum State {
    ASKED,
    CLAIMED,
    WITHDRAWN
  }

  private final long seen;
  private final AtomicReference<State> state = new AtomicReference<>(State.ASKED);
  private final CountDownLatch answered = new CountDownLatch(1);

  // Written before answered is counted down
  private @Nullable TransactionResult result;

  /** One that is based on the status word {@code seen}. */
  TakeoverRequest(long seen) {
    this.seen = seen;
  }

  long seen() {
    return seen;
  }

  /** Whether it is to be carried out by the caller, who then must {@link #answer}. A standby. */
  boolean claim() {
    return state.compareAndSet(State.ASKED, State.CLAIMED);
  }

  /** What has become of it. Who has claimed it. */
  void answer(TransactionResult outcome) {
    result = outcome;
    answered.countDown();
  }

  /**
   * Waits for what becomes of it. Who has asked.
   *
   * @return null if no standby has claimed it in time: it is withdrawn
   */
  @Nullable TransactionResult await(long nanos) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (!answered.await(nanos, TimeUnit.NANOSECONDS)
              && state.compareAndSet(State.ASKED, State.WITHDRAWN)) {
            return null;
          }
          answered.await(); // claimed: a few steps more
          return result;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
