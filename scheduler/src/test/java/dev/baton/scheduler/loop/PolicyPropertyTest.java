package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.policy.Agent;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TransactionResult;
import io.netty.channel.epoll.Epoll;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * Whatever the order of messages, stale commits, upgrades, moves and crashes, no handler is lost or
 * run twice. The loops, queues, agents and hosts are those of a server; their turns are given by
 * hand. In the end loops turn only as they are woken, so one that was forgotten would be seen.
 */
final class PolicyPropertyTest {
  private static final int MAX_HANDLERS = 400;
  private static final int CLASSES = 3;

  /** What happens next. */
  enum Kind {
    /** A few handlers come to a loop. */
    COME,
    /** A loop takes a turn. */
    TURN,
    /** One of our policies follows. */
    UPGRADE,
    /** One follows that answers by chance, and commits what is stale. */
    UPGRADE_TO_CHANCE,
    /** That one throws, or answers what is out of range, from now on. */
    CRASH,
    /** Somebody commits what was seen a while ago. */
    COMMIT,
    /** A loop goes to the other enclave. */
    MOVE,
    /** A class is placed in an enclave. */
    PLACE
  }

  /**
   * A step.
   *
   * @param one which loop, policy or class
   * @param two how many, or where
   */
  record Step(Kind kind, int one, int two) {}

  /** Answers by chance, within what is allowed until it is to fail. */
  private static final class Chance implements SchedulingPolicy {
    private final int seed;
    private volatile int loops = 1;
    private volatile @Nullable Agent agent;
    private volatile int failsIn = -1;

    Chance(int seed) {
      this.seed = seed;
    }

    @Override
    public String name() {
      return "chance";
    }

    @Override
    public boolean queuesHandlers() {
      return seed % 4 != 3;
    }

    @Override
    public boolean hears(Message.Kind kind) {
      return true;
    }

    @Override
    public void installed(Agent itsAgent, long nowNanos) {
      loops = itsAgent.loops();
      agent = itsAgent;
    }

    private int chance(int where, long of) {
      if (failsIn == where) {
        if (seed % 2 == 0) {
          throw new IllegalStateException("thrown by the test");
        }
        return 4711;
      }
      return new Random(seed + 31L * where + of).nextInt(1 << 20);
    }

    @Override
    public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
      int answer = chance(0, nowNanos);
      return answer == 4711 ? answer : answer % (loops + 1) - 1;
    }

    @Override
    public long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
      return chance(1, arrivalNanos);
    }

    /** Loops may always run what is in the shared queue: nobody else would. */
    @Override
    public boolean mayPull(int puller, int from, int handlerClass) {
      return chance(2, 7L * puller + from) % 2 == 0 || from == SHARED;
    }

    @Override
    public void message(Message message) {
      int answer = chance(3, message.sequence());
      Agent a = agent;
      if (a != null && answer % 3 == 0) {
        int loop = answer % loops;
        long seen = a.status(loop);
        TransactionResult _ = a.run(loop, answer % 2 == 0 ? seen : seen - (1L << 18));
      }
    }
  }

  @Provide
  static Arbitrary<List<Step>> steps() {
    Arbitrary<Kind> kinds =
        Arbitraries.frequency(
            Tuple.of(6, Kind.COME),
            Tuple.of(10, Kind.TURN),
            Tuple.of(2, Kind.UPGRADE),
            Tuple.of(3, Kind.UPGRADE_TO_CHANCE),
            Tuple.of(2, Kind.CRASH),
            Tuple.of(4, Kind.COMMIT),
            Tuple.of(2, Kind.MOVE),
            Tuple.of(1, Kind.PLACE));
    Arbitrary<Integer> numbers = Arbitraries.integers().between(0, 59);
    return Combinators.combine(kinds, numbers, numbers)
        .as(Step::new)
        .list()
        .ofMinSize(5)
        .ofMaxSize(60);
  }

  /** The CPUs of two enclaves; null where there is but one, and moves do nothing. */
  private static @Nullable CpuSet cpus() {
    CpuSet allowed = Epoll.isAvailable() ? new FfmLinuxCalls().schedGetaffinity(0) : CpuSet.of();
    return allowed.size() < 2 ? null : allowed;
  }

  @Property(tries = 150, shrinking = ShrinkingMode.OFF)
  void shouldRunEveryHandlerOnce(@ForAll("steps") List<Step> steps) {
    var ran = new AtomicIntegerArray(MAX_HANDLERS);
    int came;
    try (HandDrivenLoops loops = new HandDrivenLoops(2, 2, cpus())) {
      came = new Run(loops, ran).all(steps);
      loops.letGo();
      Loops.until("every handler has run", () -> sum(ran) >= came);
    }

    for (int i = 0; i < came; i++) {
      assertThat(ran.get(i)).as("handler %d of %d", i, came).isOne();
    }
  }

  private static int sum(AtomicIntegerArray counts) {
    int sum = 0;
    for (int i = 0; i < counts.length(); i++) {
      sum += Math.min(1, counts.get(i));
    }
    return sum;
  }

  /** The steps, one after the other. */
  private static final class Run {
    private final HandDrivenLoops loops;
    private final AtomicIntegerArray ran;
    private final List<Enclave> enclaves;
    private final List<String> policies = Policies.names();
    private final List<Chance> chances = new ArrayList<>();
    private final long[] seen;
    private int came;

    Run(HandDrivenLoops loops, AtomicIntegerArray ran) {
      this.loops = loops;
      this.ran = ran;
      this.enclaves = loops.scheduler().enclaves();
      this.seen = new long[loops.size()];
    }

    /** Returns how many handlers have come. */
    int all(List<Step> steps) {
      for (int i = 0; i < steps.size(); i++) {
        Step step = steps.get(i);
        switch (step.kind()) {
          case COME -> come(step.one() % loops.size(), step.two() % CLASSES, step.two() % 7);
          case TURN -> loops.turn(step.one() % loops.size());
          case UPGRADE ->
              install(step.two(), Policies.byName(policies.get(step.one() % policies.size())));
          case UPGRADE_TO_CHANCE -> {
            var chance = new Chance(step.one());
            chances.add(chance);
            install(step.two(), chance);
          }
          case CRASH -> chances.forEach(chance -> chance.failsIn = step.one() % 4);
          case COMMIT -> commit(step.one() % loops.size(), step.two() % 3 == 0);
          case MOVE -> move(step.one() % loops.size(), step.two());
          case PLACE -> enclaves.get(step.two() % enclaves.size()).place(classOf(step.one()));
        }
      }
      return came;
    }

    private void install(int where, SchedulingPolicy policy) {
      try {
        enclaves.get(where % enclaves.size()).install(policy);
      } catch (IllegalStateException refused) {
        assertThat(policy).isInstanceOf(Chance.class);
      }
    }

    private int classOf(int number) {
      HandlerClasses classes = enclaves.getFirst().classes();
      return classes.of("class " + number % CLASSES);
    }

    private void come(int index, int handlerClass, int count) {
      TransferableEventLoop loop = loops.loop(index);
      for (int i = 0; i < count && came < MAX_HANDLERS; i++) {
        int number = came++;
        Runnable body = () -> ran.incrementAndGet(number);
        int ofClass = classOf(handlerClass);
        if (loop.queuesHandlers(ofClass)) {
          loop.handler(body, ofClass, SchedulingPolicy.NO_DEADLINE);
        } else {
          loop.continuation(body);
        }
      }
    }

    private void commit(int index, boolean looks) {
      TransactionResult result = loops.loop(index).run(seen[index]);
      assertThat(result).isNotEqualTo(TransactionResult.CPU_UNAVAILABLE);
      if (looks) {
        seen[index] = loops.loop(index).status();
      }
    }

    private void move(int index, int where) {
      TransferableEventLoop loop = loops.loop(index);
      Enclave to = enclaves.get(where % enclaves.size());
      if (loop.enclave().loops().size() == 1) {
        return;
      }
      var moved = CompletableFuture.supplyAsync(() -> to.moveHere(loop));
      while (!moved.isDone()) {
        loops.turn(index);
      }
      assertThat(moved.join()).isEqualTo(TransactionResult.COMMITTED);
    }
  }
}
