package dev.baton.scheduler.notify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.notify.BlockNotifier.Choice;
import dev.baton.scheduler.notify.BlockNotifier.Kind;
import dev.baton.scheduler.os.ErrnoException;
import dev.baton.scheduler.os.FakeLinuxCalls;
import dev.baton.scheduler.os.FfmLinuxCalls;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class BlockNotifierTest {
  private static void assumeProc() {
    Assumptions.assumeTrue(
        Files.isReadable(Path.of("/proc/self/task")), "/proc is not mounted: nothing to sample");
  }

  @Test
  void shouldFallBackToProcWhenPerfIsRefusedAndSayHowToAllowIt() {
    assumeProc();
    var calls = new FakeLinuxCalls(); // refuses perf_event_open with EACCES

    Choice choice = BlockNotifier.choose(calls, Kind.PERF);

    assertThat(choice.notifier().kind()).isEqualTo(Kind.PROC);
    assertThat(choice.notifier().wakes()).isFalse();
    assertThat(choice.reason())
        .contains("/proc sampling")
        .contains("perf_event_open: EACCES")
        .contains("kernel.perf_event_paranoid=2")
        .doesNotContain("as configured");
    assertThat(calls.closed).as("epoll sets of the attempts").hasSize(2);
  }

  @Test
  void shouldFallBackToTheTickWhenProcIsRefusedToo() {
    Choice choice =
        BlockNotifier.choose(
            new FakeLinuxCalls() {
              @Override
              public int gettid() {
                return Integer.MAX_VALUE; // there is no such thread, as if /proc was not mounted
              }
            },
            Kind.PERF);

    assertThat(choice.notifier().kind()).isEqualTo(Kind.TICK);
    assertThat(choice.reason())
        .startsWith("tick only")
        .contains("perf_event_paranoid")
        .contains("mount /proc");
  }

  @Test
  void shouldUsePerfWhereItIsPermitted() {
    try (Arena arena = Arena.ofConfined()) {
      long page = arena.allocate(2 * 4096, 4096).address();
      Choice choice =
          BlockNotifier.choose(
              new FakeLinuxCalls() {
                @Override
                public int perfEventOpenContextSwitches(int tid, int wakeupBytes) {
                  return 7;
                }

                @Override
                public long mmap(int fd, long bytes) {
                  return page;
                }
              },
              Kind.PERF);

      assertThat(choice.notifier().kind()).isEqualTo(Kind.PERF);
      assertThat(choice.notifier().wakes()).isTrue();
      assertThat(choice.reason()).doesNotContain("refused");
    }
  }

  @Test
  void shouldCloseTheEventWhoseRingCannotBeMapped() {
    assumeProc();
    var calls =
        new FakeLinuxCalls() {
          @Override
          public int perfEventOpenContextSwitches(int tid, int wakeupBytes) {
            return 7;
          }

          @Override
          public long mmap(int fd, long bytes) {
            throw new ErrnoException("mmap", ErrnoException.EPERM); // limit on locked memory
          }
        };

    Choice choice = BlockNotifier.choose(calls, Kind.PERF);

    assertThat(choice.notifier().kind()).isEqualTo(Kind.PROC);
    assertThat(choice.reason()).contains("mmap: EPERM");
    assertThat(calls.closed).contains(7);
  }

  @Test
  void shouldTakeTheKindThatIsAskedFor() {
    assumeProc();

    Choice proc = BlockNotifier.choose(new FakeLinuxCalls(), Kind.PROC);
    Choice tick = BlockNotifier.choose(new FakeLinuxCalls(), Kind.TICK);

    assertThat(proc.notifier().kind()).isEqualTo(Kind.PROC);
    assertThat(proc.reason()).contains("as configured").doesNotContain("refused");
    assertThat(tick.notifier().kind()).isEqualTo(Kind.TICK);
    assertThat(tick.reason()).contains("as configured");
  }

  @Test
  void shouldSeeBySamplingWhetherAThreadSleeps() throws Exception {
    assumeProc();
    Thread.State before = Thread.currentThread().getState();
    // The calling thread is on the CPU while it reads its own line.
    int me = new FfmLinuxCalls().gettid();

    BlockProbe probe = new ProcSampler().attach(me, -1, 0);
    Sighting self = probe.look();
    Sighting[] fromOutside = new Sighting[1];
    Thread observer = Thread.ofPlatform().start(() -> fromOutside[0] = lookUntilBlocked(probe));
    observer.join(); // here this thread sleeps
    probe.close();

    assertThat(before).isEqualTo(Thread.State.RUNNABLE);
    assertThat(self).isEqualTo(Sighting.RUNNING);
    assertThat(fromOutside[0]).isEqualTo(Sighting.BLOCKED);
    assertThat(probe.look()).as("after close").isEqualTo(Sighting.UNKNOWN);
  }

  @Test
  void shouldSeeOnAfterAnInterruptedThreadHasLooked() throws Exception {
    assumeProc();
    int me = new FfmLinuxCalls().gettid();
    BlockProbe probe = new ProcSampler().attach(me, -1, 0);

    Sighting[] whileInterrupted = new Sighting[1];
    Thread onlooker =
        Thread.ofPlatform()
            .start(
                () -> {
                  Thread.currentThread().interrupt();
                  whileInterrupted[0] = lookUntilBlocked(probe);
                });
    onlooker.join();
    Sighting afterwards = probe.look();
    probe.close();

    assertThat(whileInterrupted[0]).isEqualTo(Sighting.BLOCKED);
    assertThat(afterwards).isEqualTo(Sighting.RUNNING);
  }

  private static Sighting lookUntilBlocked(BlockProbe probe) {
    long deadline = System.nanoTime() + 5_000_000_000L;
    Sighting seen;
    do {
      seen = probe.look();
    } while (seen != Sighting.BLOCKED && System.nanoTime() - deadline < 0);
    return seen;
  }
}
