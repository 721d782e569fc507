package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class BodyCollectorTest {
  private final FakeContext context = new FakeContext();
  private final FakeRequest request = new FakeRequest("");
  private final PipelineOptions limits = new PipelineOptions().setMaxBodyBytes(5);

  @Test
  void shouldJoinThePieces() {
    Future<Buffer> body = collect();

    context.run(() -> request.send("ab"));
    context.run(() -> request.send("cde"));
    assertThat(body.isComplete()).isFalse();
    context.run(request::end);

    assertThat(body.result()).hasToString("abcde");
  }

  @Test
  void shouldTakeNothingForAnEmptyBody() {
    Future<Buffer> body = collect();

    context.run(request::end);

    assertThat(body.result().length()).isZero();
    assertThat(context.timers).allMatch(timer -> timer.task().isDone());
  }

  @Test
  void shouldRefuseByTheAnnouncedLengthWithoutReading() {
    request.headers.set("content-length", "6");

    Future<Buffer> body = collect();

    assertThat(status(body)).isEqualTo(413);
    assertThat(request.isRead()).isFalse();
  }

  @Test
  void shouldRefuseByTheCountAndForgetTheRest() {
    Future<Buffer> body = collect();

    for (int i = 0; i < 1_000; i++) {
      context.run(() -> request.send("abc"));
    }
    context.run(request::end);

    assertThat(status(body)).isEqualTo(413);
    assertThat(body.cause()).hasMessage("is larger than 5 bytes");
  }

  @Test
  void shouldCollectPiecesThatCannotGrow() {
    limits.setMaxBodyBytes(100);
    Buffer read = Buffer.buffer("read at once");
    Future<Buffer> body = collect();

    context.run(() -> request.send(read.slice(0, 4)));
    context.run(() -> request.send(read.slice(4, 7)));
    context.run(() -> request.send(read.slice(7, 12)));
    context.run(request::end);

    assertThat(body.result()).hasToString("read at once");
    assertThat(read).hasToString("read at once");
  }

  @Test
  void shouldRefuseOneLargePiece() {
    Future<Buffer> body = collect();

    context.run(() -> request.send("abcdef"));
    context.run(request::end);

    assertThat(status(body)).isEqualTo(413);
  }

  @Test
  void shouldGiveUpWhatDoesNotCome() {
    limits.setBodyTimeout(Duration.ofSeconds(2));
    Future<Buffer> body = collect();
    context.run(() -> request.send("a"));
    assertThat(context.timers.getFirst().delayNanos()).isEqualTo(1_000_000_000);

    context.fire();
    assertThat(context.timers).as("the second half").hasSize(2);
    context.fire();
    context.run(request::end);

    assertThat(status(body)).isEqualTo(408);
  }

  @Test
  void shouldStartNoTimerForABodyThatCameWithItsHead() {
    context.run(
        () -> {
          Future<Buffer> _ = new BodyCollector(request.request(), context, limits).collect();
          request.send("a");
          request.end();
        });

    assertThat(context.timers).isEmpty();
  }

  @Test
  void shouldWaitForEverWithoutTimeout() {
    limits.setBodyTimeout(Duration.ZERO);

    Future<Buffer> body = collect();

    assertThat(context.timers).isEmpty();
    assertThat(body.isComplete()).isFalse();
  }

  @Test
  void shouldFailWhatBreaksOff() {
    Future<Buffer> body = collect();
    context.run(() -> request.send("a"));

    context.run(request::breakOff);
    context.run(request::end);

    assertThat(status(body)).isEqualTo(400);
    assertThat(body.cause()).hasMessage("breaks off");
    assertThat(context.timers).allMatch(timer -> timer.task().isDone());
  }

  private Future<Buffer> collect() {
    var body = new java.util.ArrayList<Future<Buffer>>();
    context.run(() -> body.add(new BodyCollector(request.request(), context, limits).collect()));
    return body.getFirst();
  }

  private static int status(Future<Buffer> body) {
    assertThat(body.cause()).isInstanceOf(Problem.class);
    return ((Problem) body.cause()).status();
  }
}
