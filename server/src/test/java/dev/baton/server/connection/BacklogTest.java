package dev.baton.server.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Event loops driven by hand: a millisecond of theirs is a poll. */
class BacklogTest {
  private final Backlog backlog = new Backlog();
  private final EmbeddedChannel acceptor = backlog.counted(new EmbeddedChannel());
  private final EmbeddedChannel first = new EmbeddedChannel();
  private final EmbeddedChannel second = new EmbeddedChannel();
  private final AtomicInteger ended = new AtomicInteger();

  @BeforeEach
  void takeIn() {
    for (EmbeddedChannel loop : List.of(acceptor, first, second)) {
      loop.freezeTime();
    }
    backlog.takeIn(
        acceptor.eventLoop(),
        List.of(first.eventLoop(), second.eventLoop()),
        ended::incrementAndGet);
  }

  private static void poll(EmbeddedChannel loop) {
    advance(loop, 1, TimeUnit.MILLISECONDS);
  }

  private static void pollTwice(EmbeddedChannel loop) {
    poll(loop);
    poll(loop);
  }

  private void round() {
    poll(acceptor);
    pollTwice(first);
    pollTwice(second);
  }

  @Test
  void shouldEndWhenTheAcceptorAndThenEachLoopHasPolled() {
    pollTwice(first);
    pollTwice(second);
    assertThat(ended).hasValue(0);
    poll(acceptor);
    pollTwice(second);
    assertThat(ended).hasValue(0);
    pollTwice(first);
    assertThat(ended).hasValue(1);
  }

  /** What was accepted before is registered by a task, after that poll. */
  @Test
  void shouldWaitForThePollThatBringsTheRequestOfAConnectionThatIsRegisteredOnlyNow() {
    poll(acceptor);
    pollTwice(second);
    poll(first);
    assertThat(ended).hasValue(0);
    poll(first);
    assertThat(ended).hasValue(1);
  }

  @Test
  void shouldTakeInWhatWasAcceptedMeanwhile() {
    for (int connection = 0; connection < 3; connection++) {
      acceptor.writeInbound("a connection");
      round();
      assertThat(ended).hasValue(0);
    }
    round();
    assertThat(ended).hasValue(1);
  }

  @Test
  void shouldEndThoughNewConnectionsNeverCease() {
    for (int polls = 0; polls < 300; polls++) {
      acceptor.writeInbound("a connection");
      round();
    }
    assertThat(ended).hasValue(1);
  }

  @Test
  void shouldNotWaitForALoopThatStandsStill() {
    poll(acceptor);
    pollTwice(first);
    seconds(2);
    assertThat(ended).hasValue(0);
    seconds(1);
    assertThat(ended).hasValue(1);
    pollTwice(second);
    assertThat(ended).hasValue(1);
  }

  @Test
  void shouldWaitForLoopsThatTakeSecondsForARound() {
    for (int rounds = 0; rounds < 4; rounds++) {
      acceptor.writeInbound("a connection");
      round();
      seconds(2);
      assertThat(ended).hasValue(0);
    }
    round();
    assertThat(ended).hasValue(1);
  }

  @Test
  void shouldNotWaitForSlowLoopsForEver() {
    for (int seconds = 0; seconds < 11; seconds++) {
      acceptor.writeInbound("a connection");
      round();
      seconds(1);
    }
    assertThat(ended).hasValue(0);
    seconds(1);
    assertThat(ended).hasValue(1);
  }

  private void seconds(int n) {
    advance(acceptor, n, TimeUnit.SECONDS);
  }

  private static void advance(EmbeddedChannel loop, long time, TimeUnit unit) {
    loop.advanceTimeBy(time, unit);
    loop.runScheduledPendingTasks();
  }
}
