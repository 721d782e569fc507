package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class EventFeedTest {
  @Test
  void shouldTellOfATakeoverWithItsRequestItsStackAndItsEnd() throws Exception {
    try (Watched watched = Watched.start().assumeTakeover();
        Listener listener = new Listener(watched.management.port(), 0)) {
      JsonObject hello = listener.next("hello", event -> true);
      JsonObject now = listener.next("now", event -> true);
      JsonObject second = listener.next("second", event -> event.containsKey("routes"));
      var response = watched.ask("/block/300");
      JsonObject begun = listener.takeover(takeover -> !takeover.getJsonArray("stack").isEmpty());
      JsonObject ended = listener.takeover(takeover -> takeover.getString("fate").equals("back"));

      assertThat(response.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(hello.getString("instance")).isNotBlank();
      assertThat(now.getJsonArray("loops")).hasSize(1);
      assertThat(second.getJsonObject("status").getString("level")).isNotBlank();
      assertThat(second.getJsonArray("stages")).isNotEmpty();
      assertThat(begun.getJsonObject("ran").getString("path")).isEqualTo("/block/300");
      assertThat(begun.getJsonArray("stack").encode()).contains("DemoService.block");
      assertThat(ended.getLong("number")).isEqualTo(begun.getLong("number"));
      assertThat(ended.getLong("awayNanos"))
          .isBetween(TimeUnit.MILLISECONDS.toNanos(280), TimeUnit.SECONDS.toNanos(5));
    }
  }

  @Test
  void shouldSampleOnlyWhileSomebodyWatches() throws Exception {
    try (Watched watched = Watched.start()) {
      assertThat(ask(watched, feed(watched)::isSampling)).isFalse();
      try (Listener one = new Listener(watched.management.port(), 0);
          Listener two = new Listener(watched.management.port(), 0)) {
        one.next("now", event -> true);
        two.next("now", event -> true);
        assertThat(ask(watched, feed(watched)::watchers)).isEqualTo(2);
        assertThat(ask(watched, feed(watched)::isSampling)).isTrue();
      }
      while (ask(watched, feed(watched)::isSampling)) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      assertThat(ask(watched, feed(watched)::watchers)).isZero();
    }
  }

  @Test
  void shouldDropEventsForWhoeverDoesNotReadThemAndGoOnForTheRest() throws Exception {
    try (Watched watched = Watched.start();
        Listener reader = new Listener(watched.management.port(), 0);
        Listener sleeper = new Listener(watched.management.port(), 4096)) {
      reader.next("now", event -> true);
      sleeper.next("now", event -> true);
      Buffer large = Buffer.buffer("event: large\ndata: {}\n:" + "x".repeat(1 << 20) + "\n\n");

      for (int i = 0; i < 40; i++) {
        ask(
            watched,
            () -> {
              feed(watched).broadcast(large);
              return true;
            });
        reader.next("large", event -> true);
      }

      // 40 MiB were offered; what is not taken stays out of this process, but for one queue.
      assertThat(ask(watched, feed(watched)::dropped)).isPositive();
      assertThat(ask(watched, feed(watched)::watchers)).isEqualTo(2);
      reader.next("second", event -> true);
    }
  }

  @Test
  void shouldRefuseMoreWatchersThanItServes() throws Exception {
    try (Watched watched = Watched.start()) {
      Listener[] listeners = new Listener[EventFeed.MAX_CLIENTS];
      try {
        for (int i = 0; i < listeners.length; i++) {
          listeners[i] = new Listener(watched.management.port(), 0);
          listeners[i].next("hello", event -> true);
        }

        assertThat(watched.get("/baton/events").statusCode()).isEqualTo(503);
      } finally {
        for (Listener listener : listeners) {
          listener.close();
        }
      }
    }
  }

  private static EventFeed feed(Watched watched) {
    return watched.management.feed();
  }

  /** Asks on the management server's event loop. */
  private static <T> T ask(Watched watched, Callable<T> question) throws Exception {
    var answer = Promise.<T>promise();
    watched
        .management
        .vertx()
        .runOnContext( // of which there is one thread
            nothing -> {
              try {
                answer.complete(question.call());
              } catch (Exception e) {
                answer.fail(e);
              }
            });
    return answer.future().await(20, TimeUnit.SECONDS);
  }

  /** Reads server-sent events from a socket, as far as it is asked to. */
  private static final class Listener implements AutoCloseable {
    private final Socket socket = new Socket();
    private final BufferedReader lines;

    /**
     * @param receiveBytes size of the socket's buffer, 0 leaves it
     */
    Listener(int port, int receiveBytes) throws IOException {
      if (receiveBytes > 0) {
        socket.setReceiveBufferSize(receiveBytes);
      }
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(
              "GET /baton/events HTTP/1.1\r\nhost: localhost\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      lines =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    JsonObject next(String name, Predicate<JsonObject> wanted) throws IOException {
      String event = "";
      while (true) {
        String line = lines.readLine();
        assertThat(line).as("the stream ended before " + name).isNotNull();
        if (line.startsWith("event: ")) {
          event = line.substring(7);
        } else if (line.startsWith("data: ") && event.equals(name)) {
          JsonObject data = new JsonObject(line.substring(6));
          if (wanted.test(data)) {
            return data;
          }
        }
      }
    }

    JsonObject takeover(Predicate<JsonObject> wanted) throws IOException {
      while (true) {
        var found =
            next("takeovers", event -> true).getJsonArray("takeovers").stream()
                .map(JsonObject.class::cast)
                .filter(takeover -> takeover.getJsonObject("ran") != null && wanted.test(takeover))
                .findFirst();
        if (found.isPresent()) {
          return found.get();
        }
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
