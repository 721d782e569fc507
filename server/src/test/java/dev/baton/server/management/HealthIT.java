package dev.baton.server.management;

import static dev.baton.server.context.ContextMode.PINNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.BatonOptions;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What probes are told while things go wrong. */
@Timeout(60)
final class HealthIT {
  private static final String READY = "/health/ready";
  private static final String LIVE = "/health/live";

  /** No bound is shorter. */
  private static final ManagementOptions ONE_SECOND =
      new ManagementOptions().setUnreadyAfter(Duration.ofSeconds(1));

  private static Watched twoStandbys() throws Exception {
    BatonOptions options = new BatonOptions().setMaxAwayPerRoute(10_000);
    options.getScheduler().setMaxStandbys(2).setMinStandbys(1);
    return Watched.start(options, new ManagementOptions(ONE_SECOND)).assumeTakeover();
  }

  @Test
  void shouldBeUnreadyWhileNoWorkerIsLeftAndReadyAgain() throws Exception {
    try (Watched watched = twoStandbys()) {
      List<CompletableFuture<HttpResponse<String>>> blocked = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        blocked.add(watched.ask("/block/5000"));
      }
      until(watched, READY, 503);

      assertThat(reasons(watched, READY)).contains("no worker left", "all workers are blocked");
      assertThat(watched.get(LIVE).statusCode()).as("it recovers by itself").isEqualTo(200);
      until(watched, READY, 200);
      for (var response : blocked) {
        assertThat(response.get(30, TimeUnit.SECONDS).statusCode()).isIn(200, 503);
      }
    }
  }

  @Test
  void shouldBeUnreadyWhileEveryLoopStandsStill() throws Exception {
    BatonOptions options = new BatonOptions();
    options.getScheduler().setTakeover(false);
    try (Watched watched = Watched.start(options, new ManagementOptions(ONE_SECOND))) {
      var release = new CountDownLatch(1);
      watched.vertx.deployVerticle(onStart(release::await));
      try {
        until(watched, READY, 503);

        assertThat(reasons(watched, READY)).contains("loops stand still", "All 1 loops", "Loop 0");
        assertThat(watched.get(LIVE).statusCode()).isEqualTo(200);
      } finally {
        release.countDown();
      }
      until(watched, READY, 200);
    }
  }

  @Test
  void shouldBeUnreadyWhileThePinnedLoopThatServesStandsStill() throws Exception {
    BatonOptions options = new BatonOptions();
    try (Watched watched = Watched.start(options, new ManagementOptions(ONE_SECOND), PINNED)) {
      var blocked = watched.ask("/block/5000");
      until(watched, READY, 503);

      assertThat(reasons(watched, READY))
          .contains("loops stand still", "All 1 loops", "Pinned loop 1");
      assertThat(watched.get(LIVE).statusCode()).isEqualTo(200);
      assertThat(blocked.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      until(watched, READY, 200);
    }
  }

  @Test
  void shouldBeUnreadyWhileNobodyAcceptsConnections() throws Exception {
    try (Watched watched = Watched.start(new BatonOptions(), new ManagementOptions(ONE_SECOND))) {
      var release = new CountDownLatch(1);
      var _ =
          ((VertxInternal) watched.vertx)
              .acceptorEventLoopGroup()
              .next()
              .submit(() -> release.await(30, TimeUnit.SECONDS));
      try {
        until(watched, READY, 503);

        assertThat(reasons(watched, READY)).contains("loops stand still", "acceptor");
      } finally {
        release.countDown();
      }
      until(watched, READY, 200);
    }
  }

  @Test
  void shouldBeDeadWhenTheWorkersThatAreLeftWaitForEachOther() throws Exception {
    try (Watched watched = twoStandbys()) {
      var one = new ReentrantLock();
      var other = new ReentrantLock();
      var bothHeld = new CountDownLatch(2);
      watched.vertx.deployVerticle(onStart(() -> embrace(one, other, bothHeld)));
      watched.vertx.deployVerticle(onStart(() -> embrace(other, one, bothHeld)));
      assertThat(bothHeld.await(20, TimeUnit.SECONDS)).isTrue();
      var blocked = watched.ask("/block/60000");
      var held = watched.ask("/fast");
      until(watched, LIVE, 503);

      assertThat(reasons(watched, LIVE)).contains("no worker left", "deadlock", "ReentrantLock");
      assertThat(watched.get(READY).statusCode()).isEqualTo(503);
      assertThat(blocked).isNotDone();
      assertThat(held).isNotDone();
      watched.scheduler.enclave().workerSnapshots().forEach(HealthIT::interrupt);
    }
  }

  private interface Blocking {
    void run() throws InterruptedException;
  }

  private static VerticleBase onStart(Blocking code) {
    return new VerticleBase() {
      @Override
      public io.vertx.core.Future<?> start() throws Exception {
        code.run();
        return super.start();
      }
    };
  }

  private static void embrace(ReentrantLock mine, ReentrantLock yours, CountDownLatch bothHeld)
      throws InterruptedException {
    mine.lockInterruptibly();
    try {
      bothHeld.countDown();
      bothHeld.await();
      yours.lockInterruptibly();
      yours.unlock();
    } finally {
      mine.unlock();
    }
  }

  private static void interrupt(dev.baton.scheduler.loop.WorkerSnapshot worker) {
    Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(worker.thread()))
        .forEach(Thread::interrupt);
  }

  @Test
  void shouldBeUnreadyWhileItDrains() throws Exception {
    try (Watched watched = Watched.start()) {
      watched.management.draining();
      until(watched, READY, 503);

      assertThat(reasons(watched, READY)).contains("draining");
      assertThat(watched.json("/baton/api").getJsonObject("status").getString("headline"))
          .isEqualTo("The server drains: no request under way.");
      assertThat(watched.get(LIVE).statusCode()).isEqualTo(200);
    }
  }

  private static String reasons(Watched watched, String path) throws Exception {
    JsonObject health = watched.json(path);
    assertThat(health.getString("status")).isEqualTo("DOWN");
    return health.getJsonArray("reasons").encode();
  }

  private static void until(Watched watched, String path, int status) throws InterruptedException {
    Watched.until(
        path + " answers " + status,
        () -> {
          try {
            return watched.get(path).statusCode() == status;
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }
}
