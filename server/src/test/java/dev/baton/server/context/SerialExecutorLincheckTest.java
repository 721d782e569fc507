package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.loop.Ahead;
import dev.baton.scheduler.loop.ContinuationLoop;
import dev.baton.server.context.BrokenMailbox.Bug;
import dev.baton.stages.RequestContext;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The mailbox over all orders of its steps, with two producers, an owner and one that has just
 * taken the loop; beside broken copies.
 */
class SerialExecutorLincheckTest {
  /** A loop with one place in its queue: the mailbox is scheduled once at a time. */
  private static final class Loop implements ContinuationLoop {
    final AtomicReference<@Nullable Runnable> scheduled = new AtomicReference<>();
    final AtomicReference<@Nullable Ahead> ahead = new AtomicReference<>();
    final AtomicInteger takeovers = new AtomicInteger();
    volatile boolean doubled;

    @Override
    public void continuation(Runnable continuation) {
      if (!scheduled.compareAndSet(null, continuation)) {
        doubled = true;
      }
    }

    @Override
    public boolean startAhead(Ahead work) {
      return ahead.compareAndSet(null, work);
    }

    @Override
    public long token() {
      return takeovers.get();
    }

    @Override
    public boolean isStillOwned(long seen) {
      return takeovers.get() == seen;
    }
  }

  /** The test; callbacks check that they are alone and in order. */
  public static class Serial {
    final Loop loop = new Loop();
    final Mailbox mailbox;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicReference<@Nullable String> problem = new AtomicReference<>();
    final int[] sent = new int[2];
    private final int[] ran = new int[2]; // guarded by the right to run

    public Serial() {
      this(loop -> new Mailbox.Real(new SerialExecutor(loop)));
    }

    Serial(Function<ContinuationLoop, Mailbox> mailbox) {
      this.mailbox = mailbox.apply(loop);
    }

    @Operation(nonParallelGroup = "producer 0")
    public void execute0() {
      execute(0);
    }

    @Operation(nonParallelGroup = "producer 1")
    public void execute1() {
      execute(1);
    }

    private void execute(int producer) {
      int number = ++sent[producer];
      mailbox.execute(() -> callback(producer, number));
    }

    final void callback(int producer, int number) {
      if (running.getAndIncrement() != 0) {
        problem.set("two callbacks at once");
      }
      if (++ran[producer] != number) {
        problem.set("out of order");
      }
      if (!mailbox.inThread()) {
        problem.set("a callback that is not in its thread");
      }
      running.getAndDecrement();
    }

    /** What is scheduled runs, by the owner or who was. */
    @Operation
    public void turn() {
      Runnable continuation = loop.scheduled.getAndSet(null);
      if (continuation != null) {
        continuation.run();
        if (mailbox.inThread()) {
          problem.set("in its thread without a callback");
        }
      }
    }

    @Operation
    public void takeover() {
      loop.takeovers.getAndIncrement();
    }

    @Validate
    public void allRanOnceAloneAndInOrder() {
      while (loop.scheduled.get() != null) {
        turn();
      }
      if (problem.get() == null && loop.doubled) {
        problem.set("scheduled twice");
      }
      if (problem.get() == null && (ran[0] != sent[0] || ran[1] != sent[1])) {
        problem.set("lost");
      }
      if (problem.get() != null) {
        throw new IllegalStateException(problem.get());
      }
    }
  }

  /** {@link Serial} whose callbacks of producer 0 pass the right to run to a stage's worker. */
  public static class HandingOff extends Serial {
    private final SerialExecutor executor = ((Mailbox.Real) mailbox).executor();
    private final AtomicReference<@Nullable Runnable> stage = new AtomicReference<>();
    private int handedOff;

    @Override
    public void execute0() {
      int number = ++handedOff;
      executor.execute(
          () ->
              executor.handOff(
                  new RequestContext.HandOff() {
                    @Override
                    public boolean offer() {
                      return stage.compareAndSet(null, () -> stageTurn(number));
                    }

                    @Override
                    public void refused() {
                      callback(0, number);
                    }
                  }));
    }

    private void stageTurn(int number) {
      executor.enter();
      callback(0, number);
      executor.leave();
    }

    /** The stage's worker pulls. */
    @Operation
    public void pull() {
      Runnable next = stage.getAndSet(null);
      if (next != null) {
        next.run();
      }
    }

    @Override
    public void allRanOnceAloneAndInOrder() {
      sent[0] = handedOff;
      while (loop.scheduled.get() != null || stage.get() != null) {
        turn();
        pull();
      }
      super.allRanOnceAloneAndInOrder();
    }
  }

  /** {@link Serial} whose callbacks of producer 0 run on threads of their own. */
  public static class StartingAhead extends Serial {
    private final SerialExecutor executor = ((Mailbox.Real) mailbox).executor();
    private final RouteStart start =
        new RouteStart(new RequestWork("GET", "/", "/", null, false, 0));
    private int begun;

    @Override
    public void execute0() {
      int number = ++begun;
      executor.dispatchFresh(null, number, n -> callback(0, n), start);
    }

    /** The thread of its own. */
    @Operation
    public void runAhead() {
      Ahead next = loop.ahead.getAndSet(null);
      if (next != null) {
        next.run();
      }
    }

    @Override
    public void allRanOnceAloneAndInOrder() {
      sent[0] = begun;
      while (loop.scheduled.get() != null || loop.ahead.get() != null) {
        turn();
        runAhead();
      }
      super.allRanOnceAloneAndInOrder();
    }
  }

  /** {@link Serial} without a bug, on the copy. */
  public static class Copy extends Serial {
    public Copy() {
      super(loop -> new BrokenMailbox(loop, Bug.NONE));
    }
  }

  public static class HeadLate extends Serial {
    public HeadLate() {
      super(loop -> new BrokenMailbox(loop, Bug.HEAD_LATE));
    }
  }

  public static class RunnerLate extends Serial {
    public RunnerLate() {
      super(loop -> new BrokenMailbox(loop, Bug.RUNNER_LATE));
    }
  }

  public static class LinkLost extends Serial {
    public LinkLost() {
      super(loop -> new BrokenMailbox(loop, Bug.LINK_LOST));
    }
  }

  public static class LastUnchecked extends Serial {
    public LastUnchecked() {
      super(loop -> new BrokenMailbox(loop, Bug.LAST_UNCHECKED));
    }
  }

  public static class OwnFilledEarly extends Serial {
    public OwnFilledEarly() {
      super(loop -> new BrokenMailbox(loop, Bug.OWN_FILLED_EARLY));
    }
  }

  public static class OwnClearedLate extends Serial {
    public OwnClearedLate() {
      super(loop -> new BrokenMailbox(loop, Bug.OWN_CLEARED_LATE));
    }
  }

  public static class OwnLinkKept extends Serial {
    public OwnLinkKept() {
      super(loop -> new BrokenMailbox(loop, Bug.OWN_LINK_KEPT));
    }
  }

  private static ModelCheckingOptions options(Class<?> tested, int invocations) {
    List<String> first = List.of("execute0");
    List<String> turn = List.of("turn");
    List<String> used = List.of("execute0", "execute1", "turn", "turn");
    return new ModelCheckingOptions()
        .verifier(EpsilonVerifier.class)
        .addCustomScenario(scenario(tested, List.of(), List.of(first, turn)))
        .addCustomScenario(scenario(tested, first, List.of(turn, List.of("execute1", "turn"))))
        .addCustomScenario(scenario(tested, first, List.of(first, List.of("execute1"), turn)))
        .addCustomScenario(scenario(tested, used, List.of(first, List.of("execute1", "turn"))))
        .addCustomScenario(
            scenario(tested, used, List.of(first, List.of("execute1", "execute1"), turn)))
        .iterations(Integer.getInteger("dev.baton.test.lincheckIterations", 0))
        .invocationsPerIteration(invocations)
        .threads(3)
        .actorsPerThread(3)
        .minimizeFailedScenario(false);
  }

  private static ExecutionScenario scenario(
      Class<?> tested, List<String> before, List<List<String>> threads) {
    return new ExecutionScenario(
        actors(tested, before),
        threads.stream().map(thread -> actors(tested, thread)).toList(),
        List.of(),
        actor(tested, "allRanOnceAloneAndInOrder"));
  }

  private static List<Actor> actors(Class<?> tested, List<String> operations) {
    return operations.stream().map(operation -> actor(tested, operation)).toList();
  }

  private static Actor actor(Class<?> tested, String operation) {
    try {
      return new Actor(tested.getMethod(operation), List.of());
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {Serial.class, HandingOff.class, StartingAhead.class, Copy.class})
  void shouldRunEveryCallbackOnceAloneAndInOrder(Class<?> tested) {
    options(tested, 80).check(tested);
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        HeadLate.class,
        RunnerLate.class,
        LinkLost.class,
        LastUnchecked.class,
        OwnFilledEarly.class,
        OwnClearedLate.class,
        OwnLinkKept.class
      })
  void shouldSeeTheBug(Class<?> broken) {
    assertThatThrownBy(() -> options(broken, 300).check(broken))
        .isInstanceOf(LincheckAssertionError.class);
  }
}
