package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.metrics.FamilySpec.Kind;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecorderTest {
  private final Recorder recorder = new Recorder();
  private final int counter = recorder.family(FamilySpec.of(Kind.COUNTER, "c", "C.")).series();
  private final int histogram =
      recorder.family(FamilySpec.of(Kind.HISTOGRAM, "h_seconds", "H.")).series();

  @Test
  void shouldLoseNothingWhateverThreadsWriteAndEndWhileOthersRead() throws Exception {
    int perThread = 20_000;
    AtomicBoolean done = new AtomicBoolean();
    List<Thread> writers = new ArrayList<>();
    Runnable write =
        () -> {
          for (int i = 0; i < perThread; i++) {
            Cell cell = recorder.cell();
            cell.add(counter, 1);
            cell.record(histogram, 1_000_000);
          }
        };
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  long seen = 0;
                  while (!done.get()) {
                    long now = recorder.value(counter);
                    if (now < seen) {
                      throw new AssertionError("went back from " + seen + " to " + now);
                    }
                    seen = now;
                  }
                });
    for (int i = 0; i < 8; i++) {
      writers.add(new FastThreadLocalThread(write));
      writers.add(new Thread(write));
      writers.add(Thread.ofVirtual().unstarted(write));
    }

    writers.forEach(Thread::start);
    for (Thread writer : writers) {
      writer.join();
    }
    done.set(true);
    reader.join();

    long expected = (long) writers.size() * perThread;
    LatencySnapshot latency = recorder.latency(histogram);
    assertThat(recorder.value(counter)).isEqualTo(expected);
    assertThat(latency.count()).isEqualTo(expected);
    assertThat(latency.sumNanos()).isEqualTo(expected * 1_000_000);
  }

  @Test
  void shouldLoseNothingWhileCellsGrow() throws Exception {
    Family family = recorder.family(FamilySpec.of(Kind.COUNTER, "grown", "G.", "who"));
    int series = 500;
    List<Thread> writers = new ArrayList<>();
    Runnable write =
        () -> {
          for (int i = 0; i < series; i++) {
            recorder.cell().add(family.series("w" + i), 1);
          }
        };
    for (int i = 0; i < 4; i++) {
      writers.add(new FastThreadLocalThread(write)); // each its own
      writers.add(new Thread(write)); // these share one
    }

    writers.forEach(Thread::start);
    for (Thread writer : writers) {
      writer.join();
    }

    assertThat(family.all())
        .hasSize(series)
        .allSatisfy(s -> assertThat(recorder.value(s.number())).isEqualTo(writers.size()));
  }

  /** The case that a histogram per loop, written wherever its worker is, would get wrong. */
  @Test
  void shouldLoseNothingWhenLoopsAreTakenOverWhileTheirWorkersGoOn() throws Exception {
    int rounds = 400;
    int burst = 200;
    Scheduler scheduler =
        Scheduler.start(new SchedulerOptions().setLoops(2).setMinStandbys(4).setMaxStandbys(16));
    CountDownLatch finished = new CountDownLatch(4 * rounds * 2);
    Runnable write =
        () -> {
          for (int i = 0; i < burst; i++) {
            Cell cell = recorder.cell();
            cell.add(counter, 1);
            cell.record(histogram, 1000);
          }
          finished.countDown();
        };
    try {
      for (int i = 0; i < rounds; i++) {
        for (TransferableEventLoop loop : scheduler.eventLoopGroup().loops()) {
          loop.continuation(
              () -> {
                write.run();
                sleep(1); // the loop passes on here
                write.run(); // while its new owner writes, too
              });
          loop.continuation(() -> loop.execute(write));
          loop.execute(write);
        }
        if (i % 20 == 0) {
          Thread.sleep(1);
        }
      }
      assertThat(finished.await(60, TimeUnit.SECONDS)).isTrue();

      assertThat(recorder.value(counter)).isEqualTo(4L * rounds * 2 * burst);
      assertThat(recorder.latency(histogram).count()).isEqualTo(4L * rounds * 2 * burst);
      if (scheduler.isTakeover()) {
        assertThat(scheduler.enclave().takeovers(TakeoverCause.BLOCKED)).isPositive();
        assertThat(scheduler.enclave().awayNanos(TakeoverCause.BLOCKED)).isPositive();
      }
    } finally {
      scheduler.eventLoopGroup().shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldLookForAnExemplarOfEachBucketOnceInAWhile() {
    Cell cell = new Cell(false);
    int bucket = cell.record(histogram, 1_000_000);
    int other = cell.record(histogram, 5_000_000);

    assertThat(cell.looks(histogram, bucket, 1)).isTrue();
    assertThat(cell.looks(histogram, bucket, 100_000_001)).isFalse();
    assertThat(cell.looks(histogram, other, 100_000_001)).isTrue();
    assertThat(cell.looks(histogram, bucket, 100_000_002)).isTrue();
    assertThat(cell.looks(histogram, bucket, 100_000_003)).isFalse();
  }

  @Test
  void shouldTakeOverCountsAndNoLooks() {
    Cell ended = new Cell(false);
    int bucket = ended.record(histogram, 1_000_000);
    assertThat(ended.looks(histogram, bucket, 300_000_000)).isTrue();
    Cell shared = new Cell(true);

    shared.takeOver(ended);

    assertThat(shared.addTo(histogram, new long[Buckets.COUNT])).isEqualTo(1_000_000);
    assertThat(shared.looks(histogram, bucket, 300_000_000)).isTrue();
  }

  @Test
  void shouldKnowARouteByItsNameWhicheverObjectThatIs() {
    Route unmatched =
        Route.unmatched(
            recorder.family(
                FamilySpec.of(Kind.HISTOGRAM, "r_seconds", "R.", "method", "code", "route")));
    List<String> names = IntStream.range(0, 300).mapToObj(i -> "/route/" + i).toList();

    List<Route> first = names.stream().map(unmatched::then).toList();

    assertThat(first).extracting(Route::label).isEqualTo(names);
    assertThat(names.stream().map(unmatched::then)).containsExactlyElementsOf(first);
    assertThat(names.stream().map(name -> unmatched.then(new String(name.toCharArray()))))
        .containsExactlyElementsOf(first);
  }

  @Test
  void shouldCountLabelSetsBeyondTheBoundAsOther() {
    Family family =
        recorder.family(FamilySpec.of(Kind.COUNTER, "bounded", "B.", "who").withMaxSeries(2));

    for (String who : List.of("a", "b", "c", "d", "a")) {
      recorder.cell().add(family.series(who), 1);
    }

    assertThat(family.all())
        .extracting(s -> s.values().getFirst(), s -> recorder.value(s.number()))
        .containsExactly(tuple("a", 2L), tuple("b", 1L), tuple("other", 2L));
    assertThat(family.overflows()).isEqualTo(2);
  }

  @Test
  void shouldRefuseWrongLabelsAndNamesThatAreTaken() {
    Family family = recorder.family(FamilySpec.of(Kind.COUNTER, "labelled", "L.", "a", "b"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> family.series("1"))
        .withMessage("values=[1]: labelled has labels [a, b]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recorder.family(FamilySpec.of(Kind.GAUGE, "c", "Again.")))
        .withMessage("name=c: there is such a metric");
  }
}
