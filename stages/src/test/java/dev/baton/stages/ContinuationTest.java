package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.baton.scheduler.Scheduler;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(20)
final class ContinuationTest {
  private record Heard(String stage, StageOutcome outcome, long waited, long served) {}

  /** What came out. */
  private static final class End implements Completion<String> {
    final CompletableFuture<@Nullable String> result = new CompletableFuture<>();
    final AtomicInteger calls = new AtomicInteger();
    @Nullable String failedIn;
    volatile boolean cancelled;

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public void completed(@Nullable String value) {
      calls.incrementAndGet();
      result.complete(value);
    }

    @Override
    public void failed(Throwable failure, String stage) {
      calls.incrementAndGet();
      failedIn = stage;
      result.completeExceptionally(failure);
    }

    int status() {
      return result.exceptionNow() instanceof Problem problem ? problem.status() : 500;
    }
  }

  private final FakeContext context = new FakeContext();
  private final End end = new End();
  private final ConcurrentLinkedQueue<Heard> heard = new ConcurrentLinkedQueue<>();
  private final List<BoundPipeline<?, ?>> open = new ArrayList<>();

  @AfterEach
  void close() {
    open.forEach(BoundPipeline::close);
  }

  // ---------------------------------------------------------------- order and results

  @Test
  void shouldRunStagesInOrder() {
    run(
        Pipeline.of("p", Stage.<String, String>plain("a", in -> in + "a"))
            .thenCompose("b", in -> Future.succeededFuture(in + "b"))
            .then("c", in -> in + "c"),
        new PipelineOptions());

    assertThat(end.result).isCompletedWithValue("0abc");
    assertThat(end.calls).hasValue(1);
    assertThat(outcomes()).containsExactly("a ok", "b ok", "c ok");
  }

  @Test
  void shouldPassNullsOn() {
    run(
        Pipeline.of("p", Stage.<String, String>plain("a", in -> none()))
            .thenCompose("b", in -> Future.succeededFuture(in))
            .then("c", in -> in == null ? "null" : "some"),
        new PipelineOptions());

    assertThat(end.result).isCompletedWithValue("null");
  }

  @Test
  void shouldFailAStageWhoseFutureIsNull() {
    run(Pipeline.of("p", Stage.<String, String>future("a", in -> none())), new PipelineOptions());

    assertThat(end.result).isCompletedExceptionally();
    assertThat(outcomes()).containsExactly("a failed");
  }

  @Test
  void shouldGoOnWhenAFutureCompletesLater() {
    Promise<String> later = Promise.promise();
    var ran = new ArrayList<String>();
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> later.future()))
            .then(
                "b",
                in -> {
                  ran.add(in);
                  return in + "b";
                }),
        new PipelineOptions());
    assertThat(ran).isEmpty();

    later.complete("x");
    assertThat(ran).isEmpty();
    context.drain();

    assertThat(end.result).isCompletedWithValue("xb");
    assertThat(outcomes()).containsExactly("a ok", "b ok");
  }

  @Test
  void shouldFailWithTheFuture() {
    Promise<String> later = Promise.promise();
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> later.future()))
            .then("b", in -> in),
        new PipelineOptions());

    later.fail(new IllegalStateException("late"));
    context.drain();

    assertThat(end.result.exceptionNow()).hasMessage("late");
    assertThat(end.failedIn).isEqualTo("a");
    assertThat(outcomes()).containsExactly("a failed");
  }

  @Test
  void shouldFailWithAFutureThatHasFailedAlready() {
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> Future.failedFuture("at once"))),
        new PipelineOptions());

    assertThat(end.result.exceptionNow()).hasMessage("at once");
    assertThat(outcomes()).containsExactly("a failed");
  }

  @Test
  void shouldRunAStageOnAVirtualThread() throws Exception {
    run(
        Pipeline.of("p", Stage.<String, Thread>virtual("a", in -> Thread.currentThread()))
            .then("b", thread -> thread.getName() + " " + thread.isVirtual()),
        new PipelineOptions());

    awaitEnd();

    assertThat(end.result).isCompletedWithValue("a true");
    assertThat(outcomes()).containsExactly("a ok", "b ok");
  }

  @Test
  void shouldFailWithTheVirtualThread() throws Exception {
    run(Pipeline.of("p", Stage.<String, String>virtual("a", in -> fail())), new PipelineOptions());

    awaitEnd();

    assertThat(end.result.exceptionNow()).hasMessage("as asked");
    assertThat(outcomes()).containsExactly("a failed");
  }

  // ---------------------------------------------------------------- errors

  @Test
  void shouldNotRunWhatFollowsAFailure() {
    run(
        Pipeline.of("p", Stage.<String, String>plain("a", in -> fail())).then("b", in -> in),
        new PipelineOptions());

    assertThat(end.result.exceptionNow()).hasMessage("as asked");
    assertThat(end.failedIn).isEqualTo("a");
    assertThat(end.calls).hasValue(1);
    assertThat(outcomes()).containsExactly("a failed");
  }

  @Test
  void shouldSurviveAnErrorOfAStage() {
    run(
        Pipeline.of(
            "p",
            Stage.<String, String>plain(
                "a",
                in -> {
                  throw new StackOverflowError();
                })),
        new PipelineOptions());

    assertThat(end.result.exceptionNow()).isInstanceOf(StackOverflowError.class);
  }

  @Test
  void shouldMapAFailureWithTheInput() {
    run(
        Pipeline.of("p", Stage.<String, String>plain("a", in -> fail()))
            .mapError((failure, in) -> in + ": " + failure.getMessage()),
        new PipelineOptions());

    assertThat(end.result).isCompletedWithValue("0: as asked");
    assertThat(outcomes()).containsExactly("a failed");
  }

  @Test
  void shouldLeaveToTheDefaultWhatTheMapperDoesNotMap() {
    run(
        Pipeline.of("p", Stage.<String, String>plain("a", in -> fail()))
            .mapError((failure, in) -> null),
        new PipelineOptions());

    assertThat(end.result.exceptionNow()).hasMessage("as asked");
  }

  @Test
  void shouldKeepTheFirstFailureIfTheMapperFails() {
    run(
        Pipeline.of("p", Stage.<String, String>plain("a", in -> fail()))
            .mapError(
                (failure, in) -> {
                  throw new IllegalStateException("worse");
                }),
        new PipelineOptions());

    assertThat(end.result.exceptionNow()).hasMessage("as asked");
    assertThat(end.result.exceptionNow().getSuppressed()[0]).hasMessage("worse");
  }

  // ---------------------------------------------------------------- deadlines

  @Test
  void shouldNotBeginAfterTheDeadline() {
    context.arrivalNanos = System.nanoTime() - 1_000_000_000;

    run(plain(), new PipelineOptions().setDeadline(Duration.ofMillis(100)));

    assertThat(end.status()).isEqualTo(504);
    assertThat(outcomes()).containsExactly("a expired");
    assertThat(heard.element().waited()).isGreaterThan(900_000_000);
    assertThat(heard.element().served()).isZero();
  }

  @Test
  void shouldNotBeginAStageAfterItsOwnDeadline() {
    context.arrivalNanos = System.nanoTime() - 1_000_000_000;

    run(plain(), stage("a", new StageOptions().setDeadline(Duration.ofMillis(100))));

    assertThat(end.status()).isEqualTo(504);
    assertThat(outcomes()).containsExactly("a expired");
  }

  @Test
  void shouldCountTheDeadlineOfAStageFromWhenItCouldHaveRun() {
    context.arrivalNanos = System.nanoTime() - 1_000_000_000;

    run(
        plain().then("b", in -> in + "b"),
        stage("b", new StageOptions().setDeadline(Duration.ofMillis(500))));

    assertThat(end.result).isCompletedWithValue("0ab");
  }

  @Test
  void shouldGiveUpAtTheDeadlineAndIgnoreTheLateResult() {
    Promise<String> late = Promise.promise();
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> late.future()))
            .then("b", in -> in),
        new PipelineOptions().setDeadline(Duration.ofSeconds(5)));
    assertThat(context.timers.getFirst().delayNanos()).isBetween(1L, 5_000_000_000L);
    assertThat(end.result).isNotDone();

    context.fire();
    assertThat(end.status()).isEqualTo(504);

    late.complete("too late");
    context.drain();

    assertThat(end.calls).hasValue(1);
    assertThat(outcomes()).containsExactly("a expired");
  }

  @Test
  void shouldCancelTheTimerOfWhatIsInTime() {
    Promise<String> later = Promise.promise();
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> later.future())),
        new PipelineOptions().setDeadline(Duration.ofSeconds(5)));

    later.complete("x");
    context.drain();

    assertThat(context.timers.getFirst().task().isCancelled()).isTrue();
    assertThat(end.result).isCompletedWithValue("x");
  }

  @Test
  void shouldInterruptAVirtualThreadAtTheDeadline() throws Exception {
    var began = new CountDownLatch(1);
    var interrupted = new CountDownLatch(1);
    run(
        Pipeline.of(
            "p",
            Stage.<String, String>virtual(
                "a",
                in -> {
                  began.countDown();
                  try {
                    Thread.sleep(60_000);
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                  }
                  return "late";
                })),
        stage("a", new StageOptions().setDeadline(Duration.ofSeconds(5))));
    began.await();

    context.fire();

    assertThat(end.status()).isEqualTo(504);
    assertThat(interrupted.await(5, TimeUnit.SECONDS)).isTrue();
    assertThat(outcomes()).containsExactly("a expired");
  }

  // ---------------------------------------------------------------- bounds

  @Test
  void shouldRejectWhatComesBeyondTheCapacity() {
    Promise<String> first = Promise.promise();
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of("p", Stage.<String, String>future("a", in -> first.future())),
            stage("a", new StageOptions().setCapacity(1)));
    context.run(() -> bound.run("0", context, end));
    var second = new End();
    var other = new FakeContext();

    other.run(() -> bound.run("1", other, second));
    assertThat(second.status()).isEqualTo(503);
    assertThat(bound.snapshots().getFirst().inside()).isEqualTo(1);
    first.complete("x");
    context.drain();
    var third = new End();
    other.run(() -> bound.run("2", other, third));

    assertThat(end.result).isCompletedWithValue("x");
    assertThat(third.result).isCompletedWithValue("x");
    assertThat(bound.snapshots().getFirst().inside()).isZero();
    assertThat(outcomes()).containsExactly("a rejected", "a ok", "a ok");
  }

  @ParameterizedTest
  @EnumSource
  void shouldHoldTheSlotOfAVirtualThreadUntilItsFunctionReturns(Placement placement)
      throws Exception {
    var began = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    StageOptions one = partitioned().setPlacement(placement).setCapacity(1);
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of(
                "p",
                Stage.<String, String>virtual(
                    "a",
                    in -> {
                      began.countDown();
                      awaitUninterruptibly(release);
                      return in;
                    })),
            stage("a", one.setDeadline(Duration.ofHours(1))));
    context.run(() -> bound.run("0", context, end));
    began.await();
    while (context.timers.isEmpty() || !context.isFree()) {
      Thread.sleep(1); // the loop of the stage is about to suspend it
    }

    context.fire();
    var second = new End();
    var other = new FakeContext();
    other.run(() -> bound.run("1", other, second));
    int insideWhileItHangs = bound.snapshots().getFirst().inside();
    release.countDown();
    while (bound.snapshots().getFirst().inside() > 0) {
      context.drain();
      Thread.sleep(1);
    }
    var third = new End();
    other.run(() -> bound.run("2", other, third));
    while (!third.result.isDone()) {
      other.drain();
      Thread.sleep(1);
    }

    assertThat(end.status()).isEqualTo(504);
    assertThat(second.status()).isEqualTo(503);
    assertThat(insideWhileItHangs).isEqualTo(1);
    assertThat(third.result).isCompletedWithValue("2");
    assertThat(outcomes()).containsExactly("a expired", "a rejected", "a ok");
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException hangsOn) {
        // as a native call does
      }
    }
  }

  @Test
  void shouldEndAnInterruptWithTheStageThatHasSetIt() {
    run(
        Pipeline.of(
                "p",
                Stage.<String, String>plain(
                    "a",
                    in -> {
                      Thread.currentThread().interrupt();
                      return in;
                    }))
            .then("b", in -> in + Thread.currentThread().isInterrupted()),
        new PipelineOptions());

    assertThat(end.result).isCompletedWithValue("0false");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void shouldGiveTheSlotBackHoweverTheStageEnds() {
    var failing = new ArrayList<>(List.of(true, false));
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of(
                "p",
                Stage.<String, String>plain("a", in -> failing.removeFirst() ? fail() : "fine")),
            stage("a", new StageOptions().setCapacity(1)));
    context.run(() -> bound.run("0", context, new End()));

    context.run(() -> bound.run("1", context, end));

    assertThat(end.result).isCompletedWithValue("fine");
  }

  @Test
  void shouldShedWhatHasWaitedLongWhileEverythingWaits() throws Exception {
    BoundPipeline<String, String> bound =
        bind(
            plain(),
            new PipelineOptions()
                .setAdmissionTarget(Duration.ofMillis(1))
                .setAdmissionInterval(Duration.ofMillis(20)));
    int shed = 0;
    for (int i = 0; i < 400 && shed == 0; i++) {
      context.arrivalNanos = System.nanoTime() - 50_000_000;
      var one = new End();
      context.run(() -> bound.run("0", context, one));
      shed += one.result.isCompletedExceptionally() ? 1 : 0;
      Thread.sleep(1);
    }
    context.arrivalNanos = 0;

    context.run(() -> bound.run("0", context, end));

    assertThat(shed).isEqualTo(1);
    assertThat(end.result).isCompletedWithValue("0a");
    assertThat(outcomes()).contains("a shed");
  }

  // ---------------------------------------------------------------- cancellation

  @Test
  void shouldNotBeginAStageForNobody() {
    Promise<String> later = Promise.promise();
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> later.future()))
            .then("b", in -> fail()),
        new PipelineOptions());

    end.cancelled = true;
    later.complete("x");
    context.drain();

    assertThat(end.calls).hasValue(0);
    assertThat(outcomes()).containsExactly("a ok", "b cancelled");
  }

  // ---------------------------------------------------------------- a lost loop

  @Test
  void shouldDeferTheRestWhenAStageHasLostItsLoop() {
    var ran = new ArrayList<String>();
    BoundPipeline<String, String> bound =
        bind(
            plain()
                .then(
                    "b",
                    in -> {
                      ran.add("b");
                      return in;
                    }),
            new PipelineOptions());
    context.keepsLoop = false;

    context.run(
        () -> {
          bound.run("0", context, end);
          ran.add("returned");
        });

    assertThat(ran).containsExactly("returned", "b");
    assertThat(end.result).isCompletedWithValue("0a");
  }

  @Test
  void shouldSeeThatTheClientLeftWhileAStageBlocked() {
    context.keepsLoop = false;
    BoundPipeline<String, String> bound =
        bind(plain().then("b", in -> fail()), new PipelineOptions());

    context.run(
        () -> {
          context.defer(() -> end.cancelled = true); // an event of the request, meanwhile
          bound.run("0", context, end);
        });

    assertThat(outcomes()).containsExactly("a ok", "b cancelled");
  }

  // ---------------------------------------------------------------- times

  @Test
  void shouldTellListenersHowLongAStageTook() {
    run(
        Pipeline.of(
                "p",
                Stage.<String, String>plain(
                    "a",
                    in -> {
                      Thread.sleep(20);
                      return in;
                    }))
            .then("b", in -> in),
        new PipelineOptions());

    List<Heard> all = List.copyOf(heard);
    assertThat(all.get(0).waited()).isBetween(0L, 15_000_000L);
    assertThat(all.get(0).served()).isBetween(20_000_000L, 5_000_000_000L);
    assertThat(all.get(1).served()).isBetween(0L, 15_000_000L);
  }

  @Test
  void shouldCountSuspensionsAsService() throws Exception {
    Promise<String> later = Promise.promise();
    run(
        Pipeline.of("p", Stage.<String, String>future("a", in -> later.future())),
        new PipelineOptions());
    Thread.sleep(20);

    later.complete("x");
    context.drain();

    assertThat(heard.element().served()).isGreaterThanOrEqualTo(20_000_000);
  }

  // ---------------------------------------------------------------- partitioned

  @Test
  void shouldRunPartitionedStagesOnLoopsOfTheirOwn() throws Exception {
    var threads = new ConcurrentLinkedQueue<Thread>();
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of("p", note("a", threads))
                .then(note("b", threads))
                .then(note("c", threads))
                .then(note("d", threads)),
            stage("b", partitioned()).setStage("d", partitioned()));

    context.run(() -> bound.run("0", context, end));
    awaitEnd();

    List<Thread> all = List.copyOf(threads);
    assertThat(end.result).isCompletedWithValue("0abcd");
    assertThat(all.get(0)).isSameAs(Thread.currentThread());
    assertThat(all.get(1)).isNotSameAs(all.get(0));
    assertThat(all.get(2)).isSameAs(all.get(1));
    assertThat(all.get(3)).isNotSameAs(all.get(1)).isNotSameAs(all.get(0));
    awaitNobodyInside(bound);
    assertThat(outcomes()).containsExactly("a ok", "b ok", "c ok", "d ok");
  }

  @Test
  void shouldResumeAPartitionedStageOnItsLoop() throws Exception {
    Promise<String> later = Promise.promise();
    var threads = new ConcurrentLinkedQueue<Thread>();
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of("p", note("a", threads))
                .thenCompose("b", in -> later.future().map(in::concat))
                .then(note("c", threads)),
            stage("a", partitioned()));
    context.run(() -> bound.run("0", context, end));
    while (threads.isEmpty()) {
      Thread.sleep(1);
    }

    later.complete("x");
    awaitEnd();

    List<Thread> all = List.copyOf(threads);
    assertThat(end.result).isCompletedWithValue("0axc");
    assertThat(all.get(1)).isSameAs(all.get(0));
    awaitNobodyInside(bound);
  }

  @Test
  void shouldRejectWhatThePartitionedStageHasNoPlaceFor() throws Exception {
    var release = new CountDownLatch(1);
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of(
                "p",
                Stage.<String, String>plain(
                    "a",
                    in -> {
                      release.await();
                      return in;
                    })),
            stage("a", partitioned().setCapacity(1)));
    context.run(() -> bound.run("0", context, end));
    var second = new End();
    var other = new FakeContext();

    other.run(() -> bound.run("1", other, second));
    release.countDown();
    awaitEnd();

    assertThat(second.status()).isEqualTo(503);
    assertThat(end.result).isCompletedWithValue("0");
    awaitNobodyInside(bound);
    assertThat(outcomes()).containsExactly("a rejected", "a ok");
  }

  @Test
  void shouldDropWhatExpiresInTheQueueAndWhatNobodyWaitsFor() throws Exception {
    var release = new CountDownLatch(1);
    BoundPipeline<String, String> bound =
        bind(
            Pipeline.of(
                "p",
                Stage.<String, String>plain(
                    "a",
                    in -> {
                      release.await();
                      return in;
                    })),
            stage("a", partitioned().setDeadline(Duration.ofMillis(700))));
    context.run(() -> bound.run("0", context, end));
    var ends = new ArrayList<End>();
    while (bound.snapshots().getFirst().waiting() > 0) {
      Thread.sleep(1);
    }
    for (int i = 0; i < 2; i++) {
      var one = new FakeContext();
      var oneEnd = new End();
      oneEnd.cancelled = i == 1;
      ends.add(oneEnd);
      one.run(() -> bound.run("1", one, oneEnd));
    }

    Thread.sleep(800); // the first has begun long before, these two have not
    release.countDown();
    awaitEnd();
    while (!ends.get(0).result.isDone()) {
      Thread.sleep(1);
    }
    awaitNobodyInside(bound);

    assertThat(ends.get(0).status()).isEqualTo(504);
    assertThat(ends.get(1).calls).hasValue(0);
    Map<String, Long> counts = new TreeMap<>();
    bound
        .snapshots()
        .getFirst()
        .outcomes()
        .forEach((outcome, count) -> counts.put(outcome.label(), count));
    assertThat(counts).contains(entry("ok", 1L), entry("expired", 1L), entry("cancelled", 1L));
  }

  @Test
  void shouldEndTheThreadsOfItsLoops() throws Exception {
    var threads = new ConcurrentLinkedQueue<Thread>();
    BoundPipeline<String, String> bound =
        bind(Pipeline.of("p", note("a", threads)), stage("a", partitioned()));
    context.run(() -> bound.run("0", context, end));
    awaitEnd();

    bound.close();

    assertThat(threads.element().join(Duration.ofSeconds(10))).isTrue();
  }

  // ---------------------------------------------------------------- support

  private static Pipeline<String, String> plain() {
    return Pipeline.of("p", Stage.plain("a", in -> in + "a"));
  }

  private static Stage<String, String> note(String name, ConcurrentLinkedQueue<Thread> threads) {
    return Stage.plain(
        name,
        in -> {
          threads.add(Thread.currentThread());
          return in + name;
        });
  }

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T none() {
    return null;
  }

  private static String fail() {
    throw new IllegalStateException("as asked");
  }

  private static PipelineOptions stage(String name, StageOptions options) {
    return new PipelineOptions().setStage(name, options);
  }

  private static StageOptions partitioned() {
    StageOptions options = new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1);
    options.getScheduler().setTakeover(false);
    return options;
  }

  private void run(Pipeline<String, String> pipeline, PipelineOptions options) {
    BoundPipeline<String, String> bound = bind(pipeline, options);
    context.run(() -> bound.run("0", context, end));
  }

  private BoundPipeline<String, String> bind(
      Pipeline<String, String> pipeline, PipelineOptions options) {
    var bound =
        new BoundPipeline<>(
            pipeline,
            options,
            1,
            Scheduler::builder,
            (p, stage) ->
                (outcome, waited, served) -> heard.add(new Heard(stage, outcome, waited, served)));
    open.add(bound);
    return bound;
  }

  private List<String> outcomes() {
    return heard.stream().map(h -> h.stage() + " " + h.outcome().label()).toList();
  }

  /** Gives the context turns until the pipeline has ended. */
  private void awaitEnd() throws InterruptedException {
    while (!end.result.isDone()) {
      context.drain();
      Thread.sleep(1);
    }
  }

  private static void awaitNobodyInside(BoundPipeline<?, ?> bound) throws InterruptedException {
    while (bound.snapshots().stream().anyMatch(s -> s.inside() > 0)) {
      Thread.sleep(1);
    }
  }
}
