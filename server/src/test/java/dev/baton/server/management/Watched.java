package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assumptions;

/** The demo service with its management server, for the length of a test. */
final class Watched implements AutoCloseable {
  static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  final Vertx vertx;
  final Scheduler scheduler;
  final ManagementServer management;
  private final DemoService service;

  private Watched(BatonOptions options, ManagementOptions managementOptions, ContextMode mode)
      throws IOException, TimeoutException {
    vertx = Baton.vertx(options.setContextMode(mode));
    scheduler = Baton.scheduler(vertx);
    service = new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
    vertx.deployVerticle(service).await(20, TimeUnit.SECONDS);
    management = ManagementServer.start(managementOptions, vertx);
    warmUp();
  }

  /**
   * A cold request outruns its slice before its handler begins: then its loop is taken for that.
   */
  private void warmUp() throws IOException {
    try {
      for (int i = 0; i < 20; i++) {
        var _ = CLIENT.send(request(service("/fast")), BodyHandlers.discarding());
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** With one loop. */
  static Watched start() throws IOException, TimeoutException {
    return start(new BatonOptions());
  }

  /** With one loop. */
  static Watched start(BatonOptions options) throws IOException, TimeoutException {
    return start(options, new ManagementOptions());
  }

  /** With one loop, and the management server on a free port. */
  static Watched start(BatonOptions options, ManagementOptions management)
      throws IOException, TimeoutException {
    return start(options, management, ContextMode.PER_REQUEST);
  }

  /** As above, in that mode. */
  static Watched start(BatonOptions options, ManagementOptions management, ContextMode mode)
      throws IOException, TimeoutException {
    if (options.getScheduler().getLoops() == 0) {
      options.getScheduler().setLoops(1);
    }
    return new Watched(options, management.setPort(0), mode);
  }

  /** With one loop, and the management server on a port that was its own before. */
  static Watched startAgain(int port) throws IOException, TimeoutException {
    BatonOptions options = new BatonOptions();
    options.getScheduler().setLoops(1);
    return new Watched(options, new ManagementOptions().setPort(port), ContextMode.PER_REQUEST);
  }

  Watched assumeTakeover() {
    Assumptions.assumeTrue(
        scheduler.isTakeover(), () -> "loops do not change hands: " + scheduler.notifierReason());
    return this;
  }

  URI service(String path) {
    return URI.create("http://127.0.0.1:" + service.actualPort() + path);
  }

  URI management(String path) {
    return URI.create("http://127.0.0.1:" + management.port() + path);
  }

  HttpResponse<String> get(String path) throws Exception {
    return CLIENT.send(request(management(path)), BodyHandlers.ofString());
  }

  JsonObject json(String path) throws Exception {
    return new JsonObject(get(path).body());
  }

  /** Asks the service, without waiting for its answer. */
  CompletableFuture<HttpResponse<String>> ask(String path) {
    return CLIENT.sendAsync(
        HttpRequest.newBuilder(service(path)).header("x-request-id", "r-1").build(),
        BodyHandlers.ofString());
  }

  static HttpRequest request(URI uri) {
    return HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build();
  }

  static void until(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited in vain until " + what);
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  @Override
  public void close() {
    management.close();
    vertx.close().await();
  }
}
