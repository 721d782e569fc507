package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.EnclaveOptions;
import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.TransactionResult;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.StageOptions;
import io.netty.channel.epoll.Epoll;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The torture on two enclaves of one CPU each, while loops, routes and a stage move to and fro.
 * Longer with the property {@code dev.baton.test.enclaveSeconds}.
 */
@Timeout(300)
final class EnclaveTortureTest {
  private static final Duration DURATION =
      Duration.ofSeconds(Integer.getInteger("dev.baton.test.enclaveSeconds", 2));

  private static final int LOOPS = 3;
  private static final List<String> ENCLAVES = List.of("main", "batch");
  private static final List<String> ROUTES =
      List.of("GET /block/*", "/cpu/*", "POST /echo", "GET /stream/*", "/fast");

  private static CpuSet allowed = CpuSet.of();

  @BeforeAll
  static void assumeTwoCpus() {
    Assumptions.assumeTrue(Epoll.isAvailable(), "no epoll here");
    allowed = new FfmLinuxCalls().schedGetaffinity(0);
    Assumptions.assumeTrue(allowed.size() > 1, "two enclaves need two CPUs: " + allowed);
  }

  private static BatonOptions options(ContextMode mode) {
    var options =
        new BatonOptions().setContextMode(mode).setRoutes(Map.of("GET /native/*", "batch"));
    options
        .getScheduler()
        .setCpus(CpuSet.of(allowed.cpuAt(0)))
        .setLoops(2)
        .setSlice(Duration.ofNanos(20_000)) // as many takeovers as can be had
        .setEnclaves(List.of(new EnclaveOptions("batch", Integer.toString(allowed.cpuAt(1)))));
    return options;
  }

  @ParameterizedTest
  @EnumSource(
      value = ContextMode.class,
      names = {"SERIAL", "PER_REQUEST"})
  void shouldAnswerEveryByteRightWhileLoopsRoutesAndAStageMove(ContextMode mode) {
    Vertx vertx = Baton.vertx(options(mode));
    var service =
        new DemoService(
            new HttpServerOptions().setHost("127.0.0.1").setPort(0),
            new PipelineOptions()
                .setAdmissionTarget(Duration.ZERO)
                .setBodyTimeout(Duration.ZERO)
                .setStage(
                    "price",
                    new StageOptions().setPlacement(Placement.PARTITIONED).setEnclave("batch")));
    vertx.deployVerticle(service).await();
    Scheduler scheduler = Baton.scheduler(vertx);
    var ends = new AtomicBoolean();
    var failures = new ArrayList<Throwable>();
    var moves = new int[1];
    Thread mover =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    while (!ends.get()) {
                      move(vertx, scheduler, moves[0]++);
                      Thread.sleep(10);
                    }
                  } catch (Throwable failure) {
                    failures.add(failure);
                  }
                });

    Result result =
        Torture.run(
            Options.against("127.0.0.1", service.actualPort())
                .withAbortPercent(10)
                .withDuration(DURATION));
    ends.set(true);
    try {
      mover.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    System.out.printf("%s: %d moves%n%s%n", mode, moves[0], result.report());
    long faults = scheduler.enclaves().stream().mapToLong(e -> e.policyFaults()).sum();
    vertx.close().await();

    assertThat(failures).isEmpty();
    assertThat(result.clean()).as(result.report()).isTrue();
    assertThat(moves[0]).isGreaterThan(10);
    assertThat(faults).isZero();
  }

  private static void move(Vertx vertx, Scheduler scheduler, int step) {
    String to = ENCLAVES.get(step / 3 % 2);
    switch (step % 4) {
      case 0 -> moveLoop(vertx, scheduler, step / 4 % LOOPS);
      case 1 -> Baton.moveRoute(vertx, ROUTES.get(step / 4 % ROUTES.size()), to);
      case 2 -> Baton.moveStage(vertx, "orders", "price", to);
      default -> {
        List<String> names = Policies.names();
        scheduler.enclave(to).install(Policies.byName(names.get(step / 4 % names.size())));
      }
    }
  }

  private static void moveLoop(Vertx vertx, Scheduler scheduler, int loop) {
    String from = scheduler.loop(loop).enclave().name();
    if (scheduler.enclave(from).loops().size() > 1) {
      TransactionResult result =
          Baton.moveLoop(vertx, loop, from.equals("main") ? "batch" : "main");
      assertThat(result).isEqualTo(TransactionResult.COMMITTED);
    }
  }
}
