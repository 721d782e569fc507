package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.context.RouteStart.Kind;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

class RouteStartTest {
  private static final RequestWork REQUEST =
      new RequestWork("GET", "/report", "/report", null, true, 0);
  private static final long MILLISECOND = 1_000_000;

  private final RouteStart start = new RouteStart(REQUEST);
  private boolean seen = true;

  /**
   * Requests come one after the other, and are told of as they would be.
   *
   * @param waits which of them do, by number
   * @return how many were started ahead
   */
  private int requests(int count, IntPredicate waits) {
    int ahead = 0;
    for (int i = 0; i < count; i++) {
      if (start.begin()) {
        ahead++;
        start.ran(waits.test(i) ? MILLISECOND : 1_000);
      } else if (waits.test(i)) {
        start.waits(REQUEST, seen);
      }
    }
    return ahead;
  }

  @Test
  void shouldStartAheadWhatNearlyAlwaysWaits() {
    requests(32, i -> i % 8 != 0);

    assertThat(start.kind()).isEqualTo(Kind.VIRTUAL);
    assertThat(requests(640, i -> true)).isGreaterThan(620).isLessThan(640); // some are tries
    assertThat(start.kind()).isEqualTo(Kind.VIRTUAL);
  }

  @Test
  void shouldStartInlineWhatWaitsNowAndThen() {
    assertThat(requests(10_000, i -> i % 2 == 0)).isZero();
  }

  @Test
  void shouldComeBackWithinAHundredRequestsThatAreOverAtOnce() {
    requests(32, i -> true);
    requests(1_000, i -> true);

    requests(130, i -> false);

    assertThat(start.kind()).isEqualTo(Kind.INLINE);
    assertThat(requests(1_000, i -> false)).isZero();
  }

  /** They take as long as if they waited, but inline nobody takes their loop for it. */
  @Test
  void shouldComeBackWhenWhatTakesLongDoesNotWait() {
    requests(32, i -> true);
    int ahead = 0;
    for (int i = 0; i < 400; i++) {
      if (start.begin()) {
        ahead++;
        start.ran(MILLISECOND);
      }
    }

    assertThat(start.kind()).isEqualTo(Kind.INLINE);
    assertThat(ahead).isPositive();
  }

  /** As when many come at once: all begin before any has ended. */
  @Test
  void shouldJudgeByWhatHasEnded() {
    requests(32, i -> true);

    for (int i = 0; i < 1_000; i++) {
      boolean _ = start.begin();
    }

    assertThat(start.kind()).isEqualTo(Kind.INLINE); // none of the tries has lost its loop
    requests(128, i -> true);
    for (int i = 0; i < 200; i++) {
      boolean _ = start.begin();
    }
    assertThat(start.kind()).isEqualTo(Kind.VIRTUAL);
  }

  /** Its first callbacks are over at once; others wait, and look like it. */
  @Test
  void shouldAskForMoreEachTimeItHasComeBack() {
    int requests = 0;
    for (int back = 0; back < 6; back++) {
      while (start.kind() == Kind.INLINE) {
        requests(1, i -> true);
        requests++;
      }
      requests(130, i -> false);
      assertThat(start.kind()).isEqualTo(Kind.INLINE);
    }

    assertThat(requests).isGreaterThan(1_000);
  }

  /** What lies between the two bounds changes nothing. */
  @Test
  void shouldNotGoToAndFro() {
    requests(32, i -> true);

    assertThat(requests(6_400, i -> i % 3 != 0)).isGreaterThan(6_200);

    assertThat(start.kind()).isEqualTo(Kind.VIRTUAL);
  }

  @Test
  void shouldLookRarelyWhereItWasInVain() {
    int looks = 0;
    for (int i = 0; i < 1_000; i++) {
      if (start.wantsLook()) {
        looks++;
        start.waits(REQUEST, false);
      }
    }

    assertThat(looks).isBetween(8, 40);
  }

  @Test
  void shouldUseThreadsThatMayBlockWhereTheJvmSeesNothing() {
    seen = false;

    requests(32, i -> true);

    assertThat(start.kind()).isEqualTo(Kind.AHEAD);
    assertThat(requests(640, i -> true)).isGreaterThan(620);
    assertThat(start.kind()).isEqualTo(Kind.AHEAD);
  }

  /** A look may come late, when the one that waited goes on already. */
  @Test
  void shouldForgiveALookThatCameLate() {
    for (int i = 0; i < 32; i++) {
      seen = i % 8 != 0;
      requests(1, _ -> true);
    }

    assertThat(start.kind()).isEqualTo(Kind.VIRTUAL);
  }

  @Test
  void shouldSeeThatTheOtherKindOfThreadsWouldDoNow() {
    requests(32, i -> true);
    seen = false;
    requests(640, i -> true);
    assertThat(start.kind()).isEqualTo(Kind.AHEAD);

    seen = true;
    requests(640, i -> true);
    assertThat(start.kind()).isEqualTo(Kind.VIRTUAL);
  }
}
