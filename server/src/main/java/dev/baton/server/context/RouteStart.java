package dev.baton.server.context;

// google-java-format off
/*
 *   inline  ── of 32 requests, 26 had their loop taken because they waited ──────▶ ahead
 *   ahead   ── of 64 requests that ended, 32 were over at once; or
 *              of 4 tries inline, one in 64 requests, 3 did not wait ────────────▶ inline
 *
 * Those that start ahead do so on virtual threads if the JVM has seen three of four that waited inline,
 * of those 32 and then of each 4 tries; else on threads that may block.
 *
 * What lies between stays as it is, so a route that waits now and then does not change to and fro. A
 * route that has come back waits for twice as many requests each time, up to 8,192.
 *
 * Benign races: loops and the threads of requests count without a fence. A lost count shifts a
 * decision by a request.
 */
// google-java-format on
/** How the requests of one route are started: inline, or ahead since nearly all of them wait. */
public final class RouteStart {
  /** How a request is started. */
  public enum Kind {
    /** On its loop. */
    INLINE,
    /** Away from its loop, on a thread that may block. */
    AHEAD,
    /** Away from its loop, on a virtual thread: the JVM sees what it waits for. */
    VIRTUAL
  }

  private static final int INLINE_WINDOW = 32;
  private static final int MAX_WINDOW = 8_192;
  private static final int AHEAD_WINDOW = 64;
  private static final int TRIES = 4;
  private static final int UNSEEN = 8;
  private static final int LOOK_EVERY = 64;

  /** What is over in less has not waited, or not for long enough to be worth a thread. */
  private static final long AT_ONCE_NANOS = 100_000;

  private volatile RequestWork latest;
  private volatile boolean ahead;
  private volatile boolean seen = true;

  // Written by loops and the threads of requests
  private int window = INLINE_WINDOW;
  private int requests;
  private int ended;
  private int waited;
  private int waitedSeen;
  private int tries;
  private int triesWaited;
  private int triesSeen;
  private int unseen;

  RouteStart(RequestWork first) {
    this.latest = first;
  }

  /** A request of this route: the latest that has blocked inline. Any thread. */
  public RequestWork latest() {
    return latest;
  }

  /** How its requests are started now, but for tries. Any thread. */
  public Kind kind() {
    return ahead ? seen ? Kind.VIRTUAL : Kind.AHEAD : Kind.INLINE;
  }

  /** Whether the JVM sees what they wait for. */
  boolean isSeen() {
    return seen;
  }

  /** A request begins; whether it is to be started ahead. */
  public boolean begin() {
    int count = ++requests;
    if (!ahead) {
      if (count >= window) {
        seen = areMost(waitedSeen, waited);
        decide(waited >= window - window / 5);
      }
      return false;
    }
    if (count < AHEAD_WINDOW) {
      return true;
    }
    requests = 0;
    if (tries == TRIES) {
      if (triesWaited < 2) {
        comeBack();
        return false;
      }
      seen = areMost(triesSeen, triesWaited);
      tries = 0;
      triesWaited = 0;
      triesSeen = 0;
    }
    tries++;
    return false; // to see how it does
  }

  /** Whether it is worth a look how a request waits; not each time where it was in vain. */
  boolean wantsLook() {
    return ahead || unseen < UNSEEN || unseen % LOOK_EVERY == 0;
  }

  /**
   * A request that was started inline has lost its loop because it waits.
   *
   * @param isSeen whether the JVM is known to see it wait
   */
  void waits(RequestWork request, boolean isSeen) {
    latest = request;
    unseen = isSeen ? 0 : unseen + 1;
    int one = isSeen ? 1 : 0;
    if (ahead) {
      triesWaited++;
      triesSeen += one;
    } else {
      waited++;
      waitedSeen += one;
    }
  }

  /** A request that was started ahead has run for {@code nanos}. */
  void ran(long nanos) {
    if (!ahead) {
      return; // it has come back meanwhile
    }
    if (nanos >= AT_ONCE_NANOS) {
      waited++;
    }
    if (++ended >= AHEAD_WINDOW) {
      if (waited < AHEAD_WINDOW / 2) {
        comeBack();
      } else {
        ended = 0;
        waited = 0;
      }
    }
  }

  private static boolean areMost(int some, int of) {
    return 4 * some >= 3 * of;
  }

  private void comeBack() {
    window = Math.min(MAX_WINDOW, 2 * window);
    decide(false);
  }

  private void decide(boolean next) {
    requests = 0;
    ended = 0;
    waited = 0;
    waitedSeen = 0;
    tries = 0;
    triesWaited = 0;
    triesSeen = 0;
    ahead = next;
  }
}
