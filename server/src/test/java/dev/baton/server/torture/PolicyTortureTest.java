package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import dev.baton.stages.PipelineOptions;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The torture on two loops, while one policy follows another, and while they fail. Longer with the
 * property {@code dev.baton.test.policySeconds}.
 */
@Timeout(300)
final class PolicyTortureTest {
  private static final Duration DURATION =
      Duration.ofSeconds(Integer.getInteger("dev.baton.test.policySeconds", 2));

  private static final long MILLIS_PER_POLICY =
      Integer.getInteger("dev.baton.test.policyMillis", 100);

  /** Runs the torture, and {@code meanwhile} again and again beside it. */
  private static void torture(ContextMode mode, Consumer<Enclave> meanwhile) {
    var options = new BatonOptions().setContextMode(mode);
    options.getScheduler().setLoops(2);
    Vertx vertx = Baton.vertx(options);
    var service =
        new DemoService(
            new HttpServerOptions().setHost("127.0.0.1").setPort(0),
            new PipelineOptions().setAdmissionTarget(Duration.ZERO).setBodyTimeout(Duration.ZERO));
    vertx.deployVerticle(service).await();
    Enclave enclave = Baton.scheduler(vertx).enclave();
    var ends = new AtomicBoolean();
    var failures = new CopyOnWriteArrayList<Throwable>();
    Thread changer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    while (!ends.get()) {
                      meanwhile.accept(enclave);
                    }
                  } catch (Throwable failure) {
                    failures.add(failure);
                  }
                });

    Thread asker = Thread.ofPlatform().start(() -> ask(service.actualPort(), changer, failures));

    Result result =
        Torture.run(Options.against("127.0.0.1", service.actualPort()).withDuration(DURATION));
    ends.set(true);
    try {
      changer.join();
      asker.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    System.out.printf(
        "%s: %d changes, %d faults, last %s%n%s%n",
        mode,
        enclave.policyChanges(),
        enclave.policyFaults(),
        enclave.policyName(),
        result.report());
    vertx.close().await();

    assertThat(failures).isEmpty();
    assertThat(result.clean()).as(result.report()).isTrue();
  }

  /** Asks until the last policy was changed: when the torture has ended nobody else does. */
  private static void ask(int port, Thread changer, List<Throwable> failures) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI fast = URI.create("http://127.0.0.1:" + port + "/fast");
      while (changer.isAlive()) {
        assertThat(
                client.send(HttpRequest.newBuilder(fast).build(), BodyHandlers.ofString()).body())
            .isEqualTo("ok");
      }
    } catch (IOException | InterruptedException | AssertionError e) {
      failures.add(e);
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      // one that is left in a policy is interrupted, and goes on there
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ContextMode.class,
      names = {"SERIAL", "PER_REQUEST"})
  void shouldAnswerEveryByteRightWhileOnePolicyFollowsAnother(ContextMode mode) {
    List<String> names = Policies.names();
    var next = new int[1];
    torture(
        mode,
        enclave -> {
          enclave.install(Policies.byName(names.get(next[0]++ % names.size())));
          assertThat(enclave.policyFaults()).isZero();
          pause(MILLIS_PER_POLICY);
        });
  }

  /** Decides as a shared queue does, and fails after a while. */
  private static final class Failing implements SchedulingPolicy {
    private final int how;
    private volatile boolean fails;

    /** When somebody has first met the failure, {@link System#nanoTime}; 0 if nobody has. */
    private volatile long metNanos;

    /** Ends the threads that are left in it. */
    private volatile boolean released;

    Failing(int how) {
      this.how = how % 5;
    }

    private boolean fails(int here) {
      if (!fails || how != here) {
        return false;
      }
      if (metNanos == 0) {
        metNanos = System.nanoTime();
      }
      return true;
    }

    @Override
    public String name() {
      return "failing-" + how;
    }

    @Override
    public boolean queuesHandlers() {
      return true;
    }

    @Override
    public boolean hears(Message.Kind kind) {
      return kind == Message.Kind.RUNNABLE;
    }

    @Override
    public void message(Message message) {
      if (fails(4)) {
        List<byte[]> kept = new ArrayList<>();
        while (!released || kept.isEmpty()) {
          kept.add(new byte[1 << 16]);
        }
      }
    }

    @Override
    public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
      return fails(0) ? 4711 : SHARED;
    }

    @Override
    public long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
      if (fails(1)) {
        throw new IllegalStateException("thrown by the test");
      }
      while (fails(2) && !released) {
        Thread.onSpinWait();
      }
      return 0;
    }

    @Override
    public boolean mayPull(int puller, int from, int handlerClass) {
      while (fails(3) && !released) {
        pause(1);
      }
      return true;
    }
  }

  @Test
  void shouldAnswerEveryByteRightWhilePoliciesFail() {
    var next = new int[1];
    torture(
        ContextMode.PER_REQUEST,
        enclave -> {
          var failing = new Failing(next[0]++);
          long faults = enclave.policyFaults();
          enclave.install(failing);
          pause(20);
          failing.fails = true;
          long since = System.nanoTime();
          while (enclave.policyFaults() == faults && System.nanoTime() - since < 5_000_000_000L) {
            pause(1);
          }
          System.out.printf(
              "%s replaced %.1f ms after it had failed%n",
              failing.name(), (System.nanoTime() - failing.metNanos) / 1e6);
          failing.released = true;
        });
  }
}
