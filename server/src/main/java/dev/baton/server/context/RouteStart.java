package dev.baton.server.context;

// google-java-format off
/*
 *   inline  ── of 32 requests, 26 had their loop taken because they waited ──────▶ ahead
 *   ahead   ── of 64 requests that ended, 32 were over at once; or
 *              of 4 tries inline, one in 64 requests, 3 did not wait ────────────▶ inline
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

  // Written by loops and the threads of requests
  private int window = INLINE_WINDOW;
  private int requests;
  private int ended;
  private int waited;
  private int tries;
  private int triesWaited;
  private int unseen;

  RouteStart(RequestWork first) {
    this.latest = first;
  }

  /** A request of this route: the latest that has blocked inline. Any thread. */
  public RequestWork latest() {
    return latest;
  }

  /** Whether its requests are started ahead now. Any thread. */
  public boolean isAhead() {
    return ahead;
  }

  /** A request begins; whether it is to be started ahead. */
  public boolean begin() {
    int count = ++requests;
    if (!ahead) {
      if (count >= window) {
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
      tries = 0;
      triesWaited = 0;
    }
    tries++;
    return false; // to see how it does
  }

  /** Whether it is worth a look how a request blocks; not each time where it was in vain. */
  boolean wantsLook() {
    return unseen < UNSEEN || unseen++ % LOOK_EVERY == 0;
  }

  /** A request that was started inline blocks where the JVM does not see it. */
  void unseen() {
    unseen++;
  }

  /** A request that was started inline has lost its loop because it waits. */
  void waits(RequestWork request) {
    unseen = 0;
    latest = request;
    if (ahead) {
      triesWaited++;
    } else {
      waited++;
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

  private void comeBack() {
    window = Math.min(MAX_WINDOW, 2 * window);
    decide(false);
  }

  private void decide(boolean next) {
    requests = 0;
    ended = 0;
    waited = 0;
    tries = 0;
    triesWaited = 0;
    ahead = next;
  }
}
