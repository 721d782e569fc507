package dev.baton.scheduler.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What each policy decides, by hand: no thread, no clock. */
class PolicyDecisionTest {
  /** An enclave of which a test says what a policy sees. */
  private static final class HandAgent implements Agent {
    private final HandlerClasses classes = new HandlerClasses();
    private final boolean[] idle;
    private final List<Integer> ran = new ArrayList<>();
    private int shared;

    HandAgent(int loops) {
      idle = new boolean[loops];
    }

    @Override
    public int loops() {
      return idle.length;
    }

    @Override
    public int cpus() {
      return idle.length;
    }

    @Override
    public int cpuOf(int loop) {
      return loop;
    }

    @Override
    public long status(int loop) {
      return StatusWord.ownedBy(loop, 0);
    }

    @Override
    public boolean isIdle(int loop) {
      return idle[loop];
    }

    @Override
    public int waiting(int queue) {
      return queue == SchedulingPolicy.SHARED ? shared : 0;
    }

    @Override
    public HandlerClasses classes() {
      return classes;
    }

    @Override
    public long lostMessages() {
      return 0;
    }

    @Override
    public TransactionResult run(int loop, long seen) {
      if (shared == 0) {
        return TransactionResult.NOT_RUNNABLE;
      }
      shared--;
      idle[loop] = false;
      ran.add(loop);
      return TransactionResult.COMMITTED;
    }

    @Override
    public TransactionResult takeOver(int loop, long seen) {
      return TransactionResult.NOT_RUNNABLE;
    }
  }

  private static Message message(Message.Kind kind) {
    return new Message(0, 0, kind, -1, -1, HandlerClasses.UNKNOWN, 0);
  }

  private static void learn(HandlerClasses classes, int handlerClass, long nanos) {
    for (int i = 0; i < 100; i++) {
      classes.ran(handlerClass, nanos);
    }
  }

  @Test
  void shouldLetEverybodyPullOrNobody() {
    assertThat(new RunToCompletionPolicy().mayPull(1, 0, HandlerClasses.UNKNOWN)).isTrue();
    assertThat(new PerCoreFifoPolicy().mayPull(1, 0, HandlerClasses.UNKNOWN)).isFalse();
  }

  @Test
  void shouldTakeALoopFromWhoeverOutrunsAShortSlice() {
    var policy = new ShinjukuPolicy();

    assertThat(policy.sliceNanos(0)).isLessThan(1_000_000);
    assertThat(policy.graceNanos(0, 0, TakeoverCause.HOG)).isZero();
    assertThat(policy.graceNanos(0, 0, TakeoverCause.BLOCKED)).isEqualTo(SchedulingPolicy.AS_SET);
  }

  @Test
  void shouldCommitWhatWaitsToLoopsThatAreIdle() {
    var agent = new HandAgent(4);
    var policy = new CentralizedFifoPolicy();
    policy.installed(agent, 0);
    agent.idle[1] = true;
    agent.idle[3] = true;
    agent.shared = 3;

    policy.message(message(Message.Kind.RUNNABLE));
    assertThat(agent.ran).containsExactlyInAnyOrder(1, 3);
    assertThat(agent.shared).isOne();

    agent.idle[0] = true;
    policy.message(message(Message.Kind.IDLE));
    assertThat(agent.ran).endsWith(0);
    assertThat(agent.shared).isZero();
    assertThat(policy.queueOf(2, 0, 0, 0)).isEqualTo(SchedulingPolicy.SHARED);
    assertThat(policy.mayPull(2, SchedulingPolicy.SHARED, 0)).isFalse();
  }

  @Test
  void shouldRankByTheDeadlineOfTheRequestOrItsRoute() {
    var agent = new HandAgent(2);
    int given = agent.classes.of("given");
    int quick = agent.classes.of("quick");
    int slow = agent.classes.of("slow");
    learn(agent.classes, quick, 10_000);
    learn(agent.classes, slow, 5_000_000);
    var policy = new EarliestDeadlinePolicy(Map.of("given", Duration.ofMillis(3)));
    policy.installed(agent, 0);

    assertThat(policy.rank(0, given, 7, SchedulingPolicy.NO_DEADLINE)).isEqualTo(3_000_007);
    assertThat(policy.rank(0, given, 7, 500)).isEqualTo(500);
    assertThat(policy.rank(0, quick, 0, SchedulingPolicy.NO_DEADLINE))
        .isLessThan(policy.rank(0, slow, 0, SchedulingPolicy.NO_DEADLINE));
  }

  @Test
  void shouldKeepLongAndBlockingRoutesOffReservedLoops() {
    var agent = new HandAgent(4);
    int quick = agent.classes.of("quick");
    int slow = agent.classes.of("slow");
    int blocks = agent.classes.of("blocks");
    learn(agent.classes, quick, 10_000);
    learn(agent.classes, slow, 5_000_000);
    for (int i = 0; i < 10; i++) {
      agent.classes.blocked(blocks, 1_000_000);
    }
    var policy = new ReservedShortPolicy();
    policy.installed(agent, 0);

    assertThat(policy.mayPull(0, SchedulingPolicy.SHARED, quick)).isTrue();
    assertThat(policy.mayPull(0, SchedulingPolicy.SHARED, slow)).isFalse();
    assertThat(policy.mayPull(0, SchedulingPolicy.SHARED, blocks)).isFalse();
    for (int loop = 1; loop < 4; loop++) {
      assertThat(policy.mayPull(loop, SchedulingPolicy.SHARED, slow)).isTrue();
    }
    assertThat(policy.rank(1, quick, 40_000_000, 0)).isLessThan(policy.rank(1, slow, 0, 0));
    assertThat(policy.rank(1, quick, 60_000_000, 0)).isGreaterThan(policy.rank(1, slow, 0, 0));

    learn(agent.classes, blocks, 10_000);
    policy.message(message(Message.Kind.TICK));
    assertThat(policy.mayPull(0, SchedulingPolicy.SHARED, blocks)).as("blocks no more").isTrue();
  }

  @Test
  void shouldReserveNothingOfASingleLoop() {
    var agent = new HandAgent(1);
    int slow = agent.classes.of("slow");
    learn(agent.classes, slow, 5_000_000);
    var policy = new ReservedShortPolicy();
    policy.installed(agent, 0);

    assertThat(policy.mayPull(0, SchedulingPolicy.SHARED, slow)).isTrue();
  }

  @Test
  void shouldGiveEachClassOneLoopByWhatTheyTake() {
    var agent = new HandAgent(2);
    int heavy = agent.classes.of("heavy");
    int light = agent.classes.of("light");
    int other = agent.classes.of("other");
    learn(agent.classes, heavy, 1_000_000);
    learn(agent.classes, light, 300_000);
    learn(agent.classes, other, 300_000);
    var policy = new StagePartitionedPolicy();
    policy.installed(agent, 0);

    int loop = policy.queueOf(0, heavy, 0, 0);
    assertThat(policy.queueOf(1, heavy, 0, 0)).isEqualTo(loop);
    assertThat(policy.queueOf(0, light, 0, 0)).isNotEqualTo(loop);
    assertThat(policy.queueOf(0, other, 0, 0)).isNotEqualTo(loop);
    assertThat(policy.queueOf(1, HandlerClasses.UNKNOWN, 0, 0)).isOne();
  }
}
