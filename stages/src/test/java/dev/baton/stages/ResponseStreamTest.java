package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpServerResponse;
import java.lang.reflect.Proxy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ResponseStreamTest {
  private final FakeContext context = new FakeContext();
  private final Promise<Void> written = Promise.promise();
  private boolean full;
  private @Nullable Handler<Void> drainHandler;
  private int drained;

  private final ResponseStream stream =
      new ResponseStream(
          (HttpServerResponse)
              Proxy.newProxyInstance(
                  ResponseStreamTest.class.getClassLoader(),
                  new Class<?>[] {HttpServerResponse.class},
                  (proxy, method, arguments) ->
                      switch (method.getName()) {
                        case "write" -> written.future();
                        case "writeQueueFull" -> full;
                        case "drainHandler" -> {
                          @SuppressWarnings("unchecked")
                          Handler<Void> handler = (Handler<Void>) arguments[0];
                          drainHandler = handler;
                          yield proxy;
                        }
                        default -> throw new UnsupportedOperationException(method.getName());
                      }),
          context);

  @Test
  void shouldTellOfADrainBetweenQuestionAndHandler() {
    full = true;
    context.run(
        () -> {
          assertThat(stream.writeQueueFull()).isTrue();
          drain();
          stream.drainHandler(done -> drained++);
        });

    assertThat(drained).isEqualTo(1);
  }

  @Test
  void shouldTellOfEachDrainOnceAndInItsContext() {
    for (int round = 1; round <= 3; round++) {
      full = true;
      context.run(
          () -> {
            assertThat(stream.writeQueueFull()).isTrue();
            stream.drainHandler(done -> drained++);
          });
      drain();
      assertThat(drained).isEqualTo(round - 1);
      context.drain();
      assertThat(drained).isEqualTo(round);
    }
  }

  @Test
  void shouldNotTellOfADrainTwice() {
    full = true;
    context.run(
        () -> {
          assertThat(stream.writeQueueFull()).isTrue();
          stream.drainHandler(done -> drained++);
          drain();
          stream.drainHandler(done -> drained++);
        });

    assertThat(drained).isEqualTo(1);
  }

  @Test
  void shouldCompleteWritesInItsContext() {
    Future<Void> done = stream.write("x");

    written.complete();

    assertThat(done.isComplete()).isFalse();
    context.drain();
    assertThat(done.succeeded()).isTrue();
  }

  /** As another thread does, in the context of the response. */
  @SuppressWarnings("NullAway") // as Vert.x does
  private void drain() {
    full = false;
    if (drainHandler != null) {
      Objects.requireNonNull(drainHandler).handle(null);
    }
  }
}
