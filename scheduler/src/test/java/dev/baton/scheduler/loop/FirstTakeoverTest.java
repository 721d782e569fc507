package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.ProcSampler;
import dev.baton.scheduler.notify.Sighting;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The first takeover of a process costs what later ones cost: there is nothing to load on its way.
 */
@Timeout(120)
class FirstTakeoverTest {
  @Test
  void shouldLoadNothingBetweenABlockAndTheNextContinuation() throws Exception {
    Loops.one().assumeTakeover().close();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xlog:class+load:stdout:none",
                "-cp",
                System.getProperty("java.class.path"),
                Probe.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> loaded;
    try (InputStream output = process.getInputStream()) {
      loaded = new String(output.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }

    assertThat(process.waitFor()).isZero();
    int before = lineOf(loaded, Before.class);
    int after = lineOf(loaded, After.class);
    assertThat(after).as("%s", loaded).isGreaterThan(before);
    assertThat(loaded.subList(before + 1, after)).isEmpty();
  }

  private static int lineOf(List<String> loaded, Class<?> mark) {
    return loaded.indexOf(
        loaded.stream()
            .filter(line -> line.startsWith(mark.getName() + " "))
            .findFirst()
            .orElseThrow(() -> new AssertionError(loaded)));
  }

  private static final class Before {}

  private static final class After {}

  static final class Probe {
    public static void main(String[] args) {
      Loops loops =
          Loops.start(new SchedulerOptions().setLoops(1).setMinStandbys(2).setMaxStandbys(4));
      TransferableEventLoop loop = loops.first();
      var gate = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var next = new CountDownLatch(1);
      Runnable blocked =
          () -> {
            Object _ = new Before();
            Loops.await(release);
          };
      Runnable afterIt =
          () -> {
            Object _ = new After();
            next.countDown();
          };
      Loops.until(
          "the standbys wait, and no other one is made", () -> areAsleep(loops.enclave(), 2));
      var sleeper = Thread.ofPlatform().daemon().start(() -> Loops.await(gate));
      Loops.until("it waits", () -> sleeper.getState() == Thread.State.TIMED_WAITING);
      gate.countDown(); // what a wait and its end take is loaded
      Loops.until("it has ended", () -> !sleeper.isAlive());
      loop.continuation(blocked);
      loop.continuation(afterIt);
      Loops.await(next);
      Runtime.getRuntime().halt(0);
    }

    private static boolean areAsleep(Enclave enclave, int standbys) {
      return enclave.workerSnapshots().stream()
              .filter(worker -> worker.state() == WorkerSnapshot.State.STANDBY)
              .filter(worker -> ProcSampler.look(tid(enclave, worker)) == Sighting.BLOCKED)
              .filter(worker -> waitsForEvents(enclave.stackOf(worker.worker())))
              .count()
          == standbys;
    }

    /** It has begun: then it may sleep, too. */
    private static boolean waitsForEvents(List<StackTraceElement> stack) {
      return stack.stream().anyMatch(frame -> frame.getMethodName().equals("epollWait"));
    }

    private static int tid(Enclave enclave, WorkerSnapshot worker) {
      return Objects.requireNonNull(enclave.worker(worker.worker())).tid();
    }
  }
}
