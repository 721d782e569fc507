package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.Agent;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.policy.TransactionResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Policies that are installed, replaced, and fail, while handlers come. */
@Timeout(120)
class PolicyIT {
  private static final int HANDLERS = 600;

  private static Loops two() {
    return Loops.start(new SchedulerOptions().setLoops(2)).assumeTakeover();
  }

  private static List<String> names() {
    return Policies.names();
  }

  /** Handlers that come to both loops from outside, some of them sleep; each is to run once. */
  private static final class Load {
    private final Loops loops;
    private final AtomicIntegerArray ran = new AtomicIntegerArray(HANDLERS);
    private final CountDownLatch ended = new CountDownLatch(HANDLERS);
    private int next;

    Load(Loops loops) {
      this.loops = loops;
    }

    void come(int count) {
      for (int i = 0; i < count; i++) {
        int number = next++;
        come(number, () -> run(number));
      }
    }

    /** One more for each loop, that are not counted. */
    void comeAgain() {
      come(0, () -> {});
      come(1, () -> {});
    }

    private void come(int number, Runnable body) {
      HandlerClasses classes = loops.enclave().classes();
      TransferableEventLoop loop = loops.scheduler().eventLoopGroup().loops().get(number % 2);
      if (loop.queuesHandlers()) {
        loop.handler(body, classes.of("class " + number % 5), SchedulingPolicy.NO_DEADLINE);
      } else {
        loop.continuation(body);
      }
    }

    private void run(int number) {
      if (number % 50 == 7) {
        Loops.pause(2);
      }
      ran.incrementAndGet(number);
      ended.countDown();
    }

    void assertEachRanOnce() {
      Loops.await(ended);
      for (int i = 0; i < HANDLERS; i++) {
        assertThat(ran.get(i)).as("handler %d", i).isOne();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void shouldRunEveryHandlerOnce(String policy) {
    try (Loops loops = two()) {
      var load = new Load(loops);
      loops.enclave().install(Policies.byName(policy));

      load.come(HANDLERS);

      load.assertEachRanOnce();
      assertThat(loops.enclave().policyName()).isEqualTo(policy);
      assertThat(loops.enclave().policyFaults()).isZero();
    }
  }

  @Test
  void shouldLoseNothingWhileOnePolicyFollowsAnother() {
    try (Loops loops = two()) {
      var load = new Load(loops);
      List<String> names = names();

      for (int i = 0; i < HANDLERS / 10; i++) {
        load.come(10);
        if (i % 3 == 0) {
          loops.enclave().install(Policies.byName(names.get(i / 3 % names.size())));
        }
      }

      load.assertEachRanOnce();
      assertThat(loops.enclave().policyChanges()).isEqualTo(HANDLERS / 30);
      assertThat(loops.enclave().policyFaults()).isZero();
    }
  }

  /** Where a policy fails, and how. */
  private enum Fault {
    THROWS_IN_QUEUE_OF,
    THROWS_IN_RANK,
    THROWS_IN_MAY_PULL,
    THROWS_IN_MESSAGE,
    THROWS_ON_TICK,
    RUNS_FOR_EVER_IN_QUEUE_OF,
    SLEEPS_IN_RANK,
    RUNS_FOR_EVER_IN_MAY_PULL,
    RUNS_FOR_EVER_IN_MESSAGE,
    SLEEPS_IN_MESSAGE,
    ALLOCATES_FOR_EVER_IN_MESSAGE,
    SLEEPS_IN_GRACE,
    ANSWERS_A_LOOP_THAT_IS_NOT_THERE,
    ANSWERS_A_GRACE_OF_AN_HOUR
  }

  /** Orders handlers until it is told to fail. */
  private static final class Failing implements SchedulingPolicy {
    private final Fault fault;
    private volatile boolean fails;

    // Ends the threads that are left in it when the test is over
    private volatile boolean released;

    Failing(Fault fault) {
      this.fault = fault;
    }

    @Override
    public String name() {
      return "failing";
    }

    @Override
    public boolean queuesHandlers() {
      return true;
    }

    @Override
    public boolean hears(Message.Kind kind) {
      return kind == Message.Kind.RUNNABLE || kind == Message.Kind.TICK;
    }

    @Override
    public long tickNanos() {
      return 1_000_000;
    }

    private void fail(Fault here) {
      if (fails && fault == here) {
        switch (here) {
          case RUNS_FOR_EVER_IN_QUEUE_OF, RUNS_FOR_EVER_IN_MAY_PULL, RUNS_FOR_EVER_IN_MESSAGE -> {
            while (!released) {
              Thread.onSpinWait();
            }
          }
          case SLEEPS_IN_RANK, SLEEPS_IN_MESSAGE, SLEEPS_IN_GRACE -> {
            while (!released) {
              Loops.pause(1);
            }
          }
          case ALLOCATES_FOR_EVER_IN_MESSAGE -> {
            List<byte[]> kept = new ArrayList<>();
            while (!released || kept.isEmpty()) {
              kept.add(new byte[1 << 16]);
            }
          }
          default -> throw new IllegalStateException("thrown by the test");
        }
      }
    }

    @Override
    public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
      fail(Fault.THROWS_IN_QUEUE_OF);
      fail(Fault.RUNS_FOR_EVER_IN_QUEUE_OF);
      return fails && fault == Fault.ANSWERS_A_LOOP_THAT_IS_NOT_THERE ? 77 : SHARED;
    }

    @Override
    public long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
      fail(Fault.THROWS_IN_RANK);
      fail(Fault.SLEEPS_IN_RANK);
      return 0;
    }

    @Override
    public boolean mayPull(int puller, int from, int handlerClass) {
      fail(Fault.THROWS_IN_MAY_PULL);
      fail(Fault.RUNS_FOR_EVER_IN_MAY_PULL);
      return true;
    }

    @Override
    public void message(Message message) {
      if (message.kind() == Message.Kind.TICK) {
        fail(Fault.THROWS_ON_TICK);
      } else {
        fail(Fault.THROWS_IN_MESSAGE);
        fail(Fault.RUNS_FOR_EVER_IN_MESSAGE);
        fail(Fault.SLEEPS_IN_MESSAGE);
        fail(Fault.ALLOCATES_FOR_EVER_IN_MESSAGE);
      }
    }

    @Override
    public long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
      fail(Fault.SLEEPS_IN_GRACE);
      return fails && fault == Fault.ANSWERS_A_GRACE_OF_AN_HOUR ? 3_600_000_000_000L : AS_SET;
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void shouldFallBackToTheDefaultPolicyAndLoseNothing(Fault fault) {
    try (Loops loops = two()) {
      var load = new Load(loops);
      var failing = new Failing(fault);
      loops.enclave().install(failing);
      load.come(HANDLERS / 2);

      failing.fails = true;
      load.come(HANDLERS / 2);
      Loops.until(
          "it is replaced",
          () -> {
            load.comeAgain(); // under load nobody may have been idle, and have pulled
            return loops.enclave().policyFaults() == 1;
          });
      load.assertEachRanOnce();
      Loops.until("it is told", () -> loops.enclave().recentPolicyChanges().size() == 2);
      PolicyChange change = loops.enclave().recentPolicyChanges().getLast();
      failing.released = true;

      assertThat(loops.enclave().policyName()).isEqualTo(Policies.DEFAULT);
      assertThat(change.from()).isEqualTo("failing");
      assertThat(change.to()).isEqualTo(Policies.DEFAULT);
      assertThat(change.fault()).isNotEmpty();
      assertThat(change.stack())
          .anyMatch(
              frame ->
                  frame.getClassName().endsWith("Failing")
                      || frame.getClassName().endsWith("InstalledPolicy"));
    }
  }

  @Test
  void shouldRefuseAPolicyThatFailsAtOnceAndGoOnWithTheOneBefore() {
    try (Loops loops = two()) {
      SchedulingPolicy broken =
          new SchedulingPolicy() {
            @Override
            public String name() {
              return "broken";
            }

            @Override
            public void installed(Agent agent, long nowNanos) {
              throw new IllegalStateException("thrown by the test");
            }
          };

      assertThatThrownBy(() -> loops.enclave().install(broken))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("policy=broken")
          .hasMessageContaining("thrown by the test");

      assertThat(loops.enclave().policyName()).isEqualTo(Policies.DEFAULT);
      assertThat(loops.enclave().policyFaults()).isZero();
    }
  }

  /** Hands its agent out. */
  private static final class Open implements SchedulingPolicy {
    private final AtomicReference<@Nullable Agent> agent = new AtomicReference<>();

    @Override
    public String name() {
      return "open";
    }

    @Override
    public boolean queuesHandlers() {
      return true;
    }

    @Override
    public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
      return SHARED;
    }

    @Override
    public long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
      return NEVER;
    }

    @Override
    public void installed(Agent itsAgent, long nowNanos) {
      agent.set(itsAgent);
    }

    Agent agent() {
      Agent a = agent.get();
      if (a == null) {
        throw new AssertionError("it was not installed");
      }
      return a;
    }
  }

  @Test
  void shouldCommitADecisionOnlyOnTheWordThatItWasBasedOn() {
    try (Loops loops = two()) {
      var open = new Open();
      loops.enclave().install(open);
      Agent agent = open.agent();
      TransferableEventLoop first = loops.first();
      Loops.until("both are idle", () -> agent.isIdle(0) && agent.isIdle(1));
      assertThat(agent.run(0, agent.status(0))).isEqualTo(TransactionResult.NOT_RUNNABLE);

      var ran = new CountDownLatch(1);
      first.handler(ran::countDown, HandlerClasses.UNKNOWN, SchedulingPolicy.NO_DEADLINE);
      Loops.until("it waits", () -> agent.waiting(SchedulingPolicy.SHARED) == 1);
      Loops.until("both are idle again", () -> agent.isIdle(0) && agent.isIdle(1));
      Loops.until(
          "standbys wait",
          () -> IntStream.range(0, 2).noneMatch(i -> loops.enclave().poolOf(i).isExhausted()));
      assertThat(agent.run(1, agent.status(1) - 1)).isEqualTo(TransactionResult.STALE);
      assertThat(ran.getCount()).as("nothing was done").isOne();
      var seen = new AtomicLong();
      Loops.until( // the loop may look about just then
          "it is committed",
          () ->
              agent.run(1, seen.updateAndGet(_ -> agent.status(1))) == TransactionResult.COMMITTED);
      Loops.await(ran);
      assertThat(agent.run(1, seen.get())).isEqualTo(TransactionResult.STALE);
      assertThat(loops.enclave().transactions(TransactionResult.COMMITTED)).isOne();
    }
  }

  /** Asks again while no standby gets to it in time: other processes may have the CPUs. */
  private static TransactionResult takenOver(Agent agent, int loop, long seen) {
    TransactionResult result = TransactionResult.CPU_UNAVAILABLE;
    for (int i = 0; i < 100 && result == TransactionResult.CPU_UNAVAILABLE; i++) {
      result = agent.takeOver(loop, seen);
    }
    return result;
  }

  @Test
  void shouldTakeALoopOverIfItsOwnerIsStillInside() {
    try (Loops loops = two()) {
      var open = new Open();
      loops.enclave().install(open);
      Agent agent = open.agent();
      Loops.until("the first one is idle", () -> agent.isIdle(0));
      assertThat(agent.takeOver(0, agent.status(0))).isEqualTo(TransactionResult.NOT_RUNNABLE);
      var inside = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      loops
          .first()
          .continuation(
              () -> {
                inside.countDown();
                Loops.await(release);
              });
      Loops.await(inside);
      Loops.until("a standby waits", () -> !loops.pool().exhausted());
      long seen = agent.status(0);

      assertThat(agent.takeOver(0, seen - 1)).isEqualTo(TransactionResult.STALE);
      assertThat(takenOver(agent, 0, seen)).isEqualTo(TransactionResult.COMMITTED);
      assertThat(agent.takeOver(0, seen)).isEqualTo(TransactionResult.STALE);

      var next = new CountDownLatch(1);
      loops.first().continuation(next::countDown);
      Loops.await(next);
      release.countDown();
    }
  }
}
