package dev.baton.server.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** New connections, and loops of which one is busy. */
@Timeout(60)
final class LoopChooserIT {
  private static final AtomicInteger INSTANCES = new AtomicInteger();
  private static final AtomicInteger PORT = new AtomicInteger();

  /** Answers with the number of its instance, each of which has a loop. */
  public static final class Numbered extends VerticleBase {
    private final int number = INSTANCES.getAndIncrement();

    @Override
    public Future<?> start() {
      return vertx.createHttpServer().requestHandler(this::answer).listen(PORT.get(), "127.0.0.1");
    }

    private void answer(HttpServerRequest request) {
      if (request.path().equals("/busy")) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < TimeUnit.MICROSECONDS.toNanos(300)) {
          Thread.onSpinWait();
        }
      }
      Future<Void> _ = request.response().end(Integer.toString(number));
    }
  }

  /** A connection of HTTP/1.1, kept alive. */
  private static final class Client implements AutoCloseable {
    private final Socket socket;

    Client() throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), PORT.get());
    }

    /** The number of the instance that answers, of one digit. */
    char ask(String path) throws IOException {
      socket
          .getOutputStream()
          .write(("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n").getBytes(StandardCharsets.UTF_8));
      InputStream in = socket.getInputStream();
      var answer = new StringBuilder();
      while (answer.length() < 5
          || !answer.substring(0, answer.length() - 1).endsWith("\r\n\r\n")) {
        int read = in.read();
        if (read < 0) {
          throw new IOException("closed after: " + answer);
        }
        answer.append((char) read);
      }
      return answer.charAt(answer.length() - 1);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static List<Client> connect(int count) throws IOException {
    var clients = new ArrayList<Client>();
    for (int i = 0; i < count; i++) {
      clients.add(new Client());
    }
    return clients;
  }

  private static int answeredBy(char instance, List<Client> clients) throws IOException {
    int answered = 0;
    for (Client client : clients) {
      answered += client.ask("/") == instance ? 1 : 0;
    }
    return answered;
  }

  @Test
  void shouldGiveNewConnectionsToTheLoopThatIsNotBusy() throws Exception {
    var options = new BatonOptions();
    options.getScheduler().setLoops(2).setPolicy("per-core-fifo"); // nobody pulls
    Vertx vertx = Baton.vertx(options);
    try (var probe = new ServerSocket(0)) {
      PORT.set(probe.getLocalPort());
    }
    vertx.deployVerticle(Numbered.class, new DeploymentOptions().setInstances(2)).await();
    List<Client> first = connect(8);
    Client busy = first.getFirst();
    char instance = busy.ask("/");
    var ends = new AtomicBoolean();
    Promise<Void> ended = Promise.promise();
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                while (!ends.get()) {
                  busy.ask("/busy");
                }
                ended.complete();
              } catch (IOException e) {
                ended.fail(e);
              }
            });

    assertThat(answeredBy(instance, first.subList(1, 8))).as("in turn").isBetween(3, 4);
    int before = 20;
    for (int tries = 0; before > 0 && tries < 100; tries++) { // until it is seen to be busy
      TimeUnit.MILLISECONDS.sleep(60);
      List<Client> now = connect(20);
      before = answeredBy(instance, now);
      for (Client client : now) {
        client.close();
      }
    }
    ends.set(true);
    ended.future().await();

    assertThat(before).as("of 20 new ones on the busy loop").isZero();
    for (Client client : first) {
      client.close();
    }
    vertx.close().await();
  }
}
