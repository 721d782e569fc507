package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.http.HttpClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BodyStreamTest {
  private final FakeContext source = new FakeContext();
  private final FakeContext context = new FakeContext();
  private final FakeRequest request = new FakeRequest("");
  private final List<String> seen = new ArrayList<>();
  private final BodyStream stream = new BodyStream(request.request(), context);

  BodyStreamTest() {
    context.source = source;
  }

  /** Turns of both contexts, what is sent and what is asked for, in any order. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldBringEveryPieceInOrderAndNoneUnasked(long seed) {
    var random = new Random(seed);
    int pieces = 200;
    start();
    int sent = 0;
    long asked = 0;
    boolean ended = false;
    while (seen.size() <= pieces) {
      switch (random.nextInt(5)) {
        case 0 -> {
          if (!ended && request.takeDemand()) {
            int piece = sent;
            if (piece == pieces) {
              ended = true;
              source.run(request::end);
            } else {
              source.run(() -> request.send("" + piece));
              sent++;
            }
          }
        }
        case 1 -> source.drain();
        case 2 -> context.drain();
        case 3 -> {
          int amount = random.nextInt(3);
          asked += amount;
          context.run(() -> stream.fetch(amount));
        }
        default -> {
          context.run(stream::pause);
          asked = seen.size();
        }
      }
      assertThat((long) seen.size()).isLessThanOrEqualTo(asked + 1); // the end takes no demand
      assertThat(sent - seen.size()).isLessThanOrEqualTo(BodyStream.WINDOW);
    }

    List<String> whole = new ArrayList<>(IntStream.range(0, pieces).mapToObj(i -> "" + i).toList());
    whole.add("end");
    assertThat(seen).isEqualTo(whole);
  }

  @Test
  void shouldCallHandlersInItsContextOnly() {
    start();
    context.run(stream::resume);

    source.run(() -> request.send("a"));

    assertThat(seen).isEmpty();
    context.drain();
    assertThat(seen).containsExactly("a");
  }

  @Test
  void shouldDropWhatNobodyReads() {
    context.run(stream::start);
    source.drain();
    context.run(stream::resume);

    for (int i = 0; i < 10 * BodyStream.WINDOW; i++) {
      assertThat(request.takeDemand()).isTrue();
      source.run(() -> request.send("x"));
      context.drain();
      source.drain();
    }
  }

  @Test
  void shouldRememberAFailureThatNobodyAwaited() {
    context.run(stream::start);
    source.run(request::breakOff);
    context.drain();

    context.run(() -> stream.exceptionHandler(broken -> seen.add(broken.getMessage())));
    context.run(() -> stream.exceptionHandler(broken -> seen.add("again")));

    assertThat(seen).containsExactly("reset");
  }

  @Test
  void shouldFailForAClientThatHasGone() {
    request.closed = true;

    start();
    context.drain();

    assertThat(seen).containsExactly(HttpClosedException.class.getName());
  }

  @Test
  void shouldFailForABodyThatHasBeenRead() {
    request.request().endHandler(ended -> {});
    request.end();

    start();
    context.drain();

    assertThat(seen).containsExactly(IllegalStateException.class.getName());
  }

  @Test
  void shouldRefuseToFetchLessThanNothing() {
    assertThatThrownBy(() -> stream.fetch(-1)).hasMessage("amount=-1 is negative: give 0 or more");
  }

  private void start() {
    context.run(
        () -> {
          stream.start();
          stream
              .handler(piece -> seen.add(piece.toString()))
              .endHandler(ended -> seen.add("end"))
              .exceptionHandler(broken -> seen.add(broken.getClass().getName()));
        });
    source.drain();
  }
}
