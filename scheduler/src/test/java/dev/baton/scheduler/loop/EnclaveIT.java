package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.EnclaveOptions;
import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TransactionResult;
import io.netty.channel.epoll.Epoll;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Two enclaves of one CPU each, and what moves between them. */
@Timeout(120)
class EnclaveIT {
  private static int mainCpu;
  private static int otherCpu;

  @BeforeAll
  static void assumeTwoCpus() {
    Assumptions.assumeTrue(Epoll.isAvailable(), "no epoll here");
    CpuSet allowed = new FfmLinuxCalls().schedGetaffinity(0);
    Assumptions.assumeTrue(allowed.size() > 1, "two enclaves need two CPUs: " + allowed);
    mainCpu = allowed.cpuAt(0);
    otherCpu = allowed.cpuAt(1);
  }

  private static SchedulerOptions options(int mainLoops, int otherLoops, String policy) {
    return new SchedulerOptions()
        .setCpus(CpuSet.of(mainCpu))
        .setLoops(mainLoops)
        .setEnclaves(
            List.of(
                new EnclaveOptions("batch", Integer.toString(otherCpu))
                    .setLoops(otherLoops)
                    .setPolicy(policy)));
  }

  private static Loops start(int mainLoops, int otherLoops) {
    return Loops.start(options(mainLoops, otherLoops, Policies.DEFAULT)).assumeTakeover();
  }

  private static TransactionResult move(Loops loops, int loop, String enclave) {
    return loops.scheduler().enclave(enclave).moveHere(loops.scheduler().loop(loop));
  }

  private static CpuSet cpusOfThread() {
    return new FfmLinuxCalls().schedGetaffinity(0);
  }

  private static CpuSet cpusOf(TransferableEventLoop loop) {
    var seen = new CompletableFuture<CpuSet>();
    loop.continuation(() -> seen.complete(cpusOfThread()));
    return seen.orTimeout(20, TimeUnit.SECONDS).join();
  }

  @Test
  void shouldRunEachLoopOnTheCpusOfItsEnclave() {
    try (Loops loops = start(1, 1)) {
      assertThat(loops.scheduler().enclaves())
          .extracting(Enclave::name)
          .containsExactly("main", "batch");
      assertThat(cpusOf(loops.scheduler().loop(0))).isEqualTo(CpuSet.of(mainCpu));
      assertThat(cpusOf(loops.scheduler().loop(1))).isEqualTo(CpuSet.of(otherCpu));
      assertThat(loops.scheduler().loopSnapshots())
          .extracting(LoopSnapshot::enclave)
          .containsExactly("main", "batch");
    }
  }

  @Test
  void shouldGiveMainWhatTheOthersLeave() {
    SchedulerOptions options = options(0, 0, Policies.DEFAULT).setCpus(null);

    try (Loops loops = Loops.start(options)) {
      assertThat(loops.scheduler().enclave("batch").cpus()).isEqualTo(CpuSet.of(otherCpu));
      assertThat(loops.enclave().cpus().contains(otherCpu)).isFalse();
      assertThat(loops.enclave().cpus().contains(mainCpu)).isTrue();
    }
  }

  @Test
  void shouldGiveWhoeverNamesNoneALoopOfMain() {
    try (Loops loops = start(2, 2)) {
      for (int i = 0; i < 8; i++) {
        TransferableEventLoop next =
            (TransferableEventLoop) loops.scheduler().eventLoopGroup().next();
        assertThat(next.enclave()).isSameAs(loops.enclave());
      }
    }
  }

  @Test
  void shouldMoveALoopWithItsWorkersAndBackAgain() {
    try (Loops loops = start(2, 1)) {
      TransferableEventLoop loop = loops.scheduler().loop(1);

      assertThat(move(loops, 1, "batch")).isEqualTo(TransactionResult.COMMITTED);

      assertThat(cpusOf(loop)).isEqualTo(CpuSet.of(otherCpu));
      assertThat(loop.snapshot().enclave()).isEqualTo("batch");
      assertThat(loops.enclave().loops()).hasSize(1);
      loop.continuation(() -> Loops.pause(100));
      loop.continuation(() -> {});
      Loops.until(
          "a worker of the new enclave takes it",
          () -> !loops.scheduler().enclave("batch").recentTakeovers().isEmpty());
      assertThat(cpusOf(loop)).isEqualTo(CpuSet.of(otherCpu));
      assertThat(loops.enclave().recentTakeovers()).isEmpty();
      assertThat(move(loops, 1, "main")).isEqualTo(TransactionResult.COMMITTED);
      assertThat(cpusOf(loop)).isEqualTo(CpuSet.of(mainCpu));
    }
  }

  @Test
  void shouldKeepTheLastLoopOfAnEnclave() {
    try (Loops loops = start(1, 1)) {
      assertThatThrownBy(() -> move(loops, 1, "main"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("loop=1: it is the last one of enclave batch");
    }
  }

  @Test
  void shouldSayWhichEnclaveMayBeMeant() {
    try (Loops loops = start(1, 1)) {
      assertThatThrownBy(() -> loops.scheduler().enclave("bach"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("enclave=bach")
          .hasMessageContaining("did you mean batch?");
    }
  }

  @Test
  void shouldRefuseOneCpuForTwoEnclaves() {
    SchedulerOptions options =
        options(1, 1, Policies.DEFAULT).setCpus(CpuSet.of(mainCpu, otherCpu));

    assertThatThrownBy(() -> Scheduler.start(options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("CPU " + otherCpu + " belongs to another enclave");
  }

  @Test
  void shouldRefuseToMoveWhereNoWorkerCanBeStarted() {
    var refused = new AtomicBoolean();
    ThreadFactory threads = Loops.refusing(refused);
    Scheduler scheduler =
        Scheduler.builder()
            .options(options(2, 1, Policies.DEFAULT).setMinStandbys(1))
            .threadFactory(threads)
            .start();
    try (Loops loops = new Loops(scheduler)) {
      refused.set(true);

      assertThat(move(loops, 1, "batch")).isEqualTo(TransactionResult.CPU_UNAVAILABLE);

      TransferableEventLoop loop = scheduler.loop(1);
      assertThat(cpusOf(loop)).isEqualTo(CpuSet.of(mainCpu));
      assertThat(loop.enclave()).isSameAs(scheduler.enclave());
      assertThat(scheduler.enclave().loops()).hasSize(2);
      refused.set(false);
      assertThat(move(loops, 1, "batch")).isEqualTo(TransactionResult.COMMITTED);
    }
  }

  @Test
  void shouldRunAClassWhereItIsPlaced() {
    try (Loops loops = start(1, 1)) {
      TransferableEventLoop home = loops.scheduler().loop(0);
      int reports = loops.enclave().classes().of("GET /reports");
      assertThat(home.queuesHandlers()).isFalse();

      loops.scheduler().enclave("batch").place(reports);

      assertThat(home.queuesHandlers(reports)).isTrue();
      assertThat(home.queuesHandlers(loops.enclave().classes().of("GET /fast"))).isFalse();
      assertThat(cpusOfHandler(home, reports)).isEqualTo(CpuSet.of(otherCpu));
      loops.enclave().place(reports);
      assertThat(home.queuesHandlers(reports)).isFalse();
    }
  }

  private static CpuSet cpusOfHandler(TransferableEventLoop home, int handlerClass) {
    var seen = new CompletableFuture<CpuSet>();
    home.handler(() -> seen.complete(cpusOfThread()), handlerClass, SchedulingPolicy.NO_DEADLINE);
    return seen.orTimeout(20, TimeUnit.SECONDS).join();
  }

  @Test
  void shouldMoveAStage() {
    try (Loops loops = start(1, 1)) {
      var stage = new EnclaveStage(loops.scheduler().enclave("batch"), "stage p/s", 1);
      var before = new CompletableFuture<CpuSet>();
      var after = new CompletableFuture<CpuSet>();

      assertThat(stage.offer(() -> before.complete(cpusOfThread()))).isTrue();
      assertThat(stage.offer(() -> {})).as("a second one").isFalse();
      assertThat(before.orTimeout(20, TimeUnit.SECONDS).join()).isEqualTo(CpuSet.of(otherCpu));
      stage.leave();
      stage.moveTo(loops.enclave());

      assertThat(stage.offer(() -> after.complete(cpusOfThread()))).isTrue();
      assertThat(after.orTimeout(20, TimeUnit.SECONDS).join()).isEqualTo(CpuSet.of(mainCpu));
    }
  }

  private static List<String> names() {
    return Policies.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void shouldLoseNothingWhileLoopsAndClassesMove(String policy) {
    int handlers = 3000;
    var ran = new AtomicIntegerArray(handlers);
    var ended = new CountDownLatch(handlers);
    try (Loops loops = Loops.start(options(2, 2, policy)).assumeTakeover()) {
      loops.enclave().install(Policies.byName(policy));
      List<Enclave> enclaves = loops.scheduler().enclaves();
      int[] classes = new int[4];
      for (int c = 0; c < classes.length; c++) {
        classes[c] = loops.enclave().classes().of("class " + c);
      }
      int next = 0;
      for (int round = 0; next < handlers; round++) {
        for (int i = 0; i < 50; i++) {
          int number = next++;
          Runnable body =
              () -> {
                if (number % 50 == 7) {
                  Loops.pause(2);
                }
                ran.incrementAndGet(number);
                ended.countDown();
              };
          TransferableEventLoop loop = loops.scheduler().loop(number % 4);
          int handlerClass = classes[number % classes.length];
          if (loop.queuesHandlers(handlerClass)) {
            loop.handler(body, handlerClass, SchedulingPolicy.NO_DEADLINE);
          } else {
            loop.continuation(body);
          }
        }
        enclaves.get(round % 2).place(classes[round % 3]);
        if (round % 2 == 0) {
          Enclave to = enclaves.get(round / 2 % 2);
          if (enclaves.get(1 - round / 2 % 2).loops().size() > 1) {
            assertThat(to.moveHere(loops.scheduler().loop(1 + round / 4 % 2)))
                .isEqualTo(TransactionResult.COMMITTED);
          }
        }
      }

      Loops.await(ended);

      for (int i = 0; i < handlers; i++) {
        assertThat(ran.get(i)).as("handler %d", i).isOne();
      }
      assertThat(enclaves).allSatisfy(enclave -> assertThat(enclave.policyFaults()).isZero());
    }
  }

  @Test
  void shouldEndWithHandlersOfOthersWaiting() throws InterruptedException {
    var ended = new CountDownLatch(20);
    Loops loops = start(1, 1);
    int reports = loops.enclave().classes().of("GET /reports");
    loops.scheduler().enclave("batch").place(reports);
    for (int i = 0; i < 20; i++) {
      loops
          .first()
          .handler(
              () -> {
                Loops.pause(5);
                ended.countDown();
              },
              reports,
              SchedulingPolicy.NO_DEADLINE);
    }

    loops.close();

    assertThat(ended.await(0, TimeUnit.SECONDS)).isTrue();
  }
}
