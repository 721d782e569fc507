package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpServerResponse;
import java.lang.reflect.Proxy;
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
    context.run(
        () -> {
          findFull();
          drain();
          awaitDrain();
        });

    assertThat(drained).isEqualTo(1);
  }

  @Test
  void shouldTellOfEachDrainOnceAndInItsContext() {
    for (int round = 1; round <= 3; round++) {
      context.run(
          () -> {
            findFull();
            awaitDrain();
          });
      drain();
      assertThat(drained).isEqualTo(round - 1);
      context.drain();
      assertThat(drained).isEqualTo(round);
    }
  }

  @Test
  void shouldNotTellOfADrainTwice() {
    context.run(
        () -> {
          findFull();
          awaitDrain();
          drain();
          awaitDrain();
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

  private void findFull() {
    full = true;
    assertThat(stream.writeQueueFull()).isTrue();
  }

  private void awaitDrain() {
    stream.drainHandler(done -> drained++);
  }

  /** As another thread does, in the context of the response. */
  @SuppressWarnings("NullAway") // as Vert.x does
  private void drain() {
    full = false;
    Handler<Void> handler = drainHandler;
    if (handler != null) {
      handler.handle(null);
    }
  }
}
