package dev.baton.scheduler.loop;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.notify.PerfEventNotifier;
import dev.baton.scheduler.notify.TickNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FakeLinuxCalls;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import io.netty.channel.nio.NioIoHandler;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a standby does with the loop's timer, told when it fires. */
@Timeout(60)
final class StandbyPoolTest {
  private static final long TIMER_OF_LOOP_0 = 1L << 32;

  /** A kernel in which timers fire when the test says so. */
  private static class Kernel extends FakeLinuxCalls {
    final Semaphore fires = new Semaphore(0);
    final AtomicInteger waiting = new AtomicInteger();
    final AtomicInteger settings = new AtomicInteger();

    @Override
    public int epollWait(int epollFd, long event, int timeoutMillis) {
      waiting.getAndIncrement();
      fires.acquireUninterruptibly();
      return 1;
    }

    @Override
    public long epollData(long event) {
      return TIMER_OF_LOOP_0;
    }

    @Override
    public void timerfdSettime(int fd, long spec) {
      settings.getAndIncrement();
    }

    /** Has the timer fire, and waits until the one standby has looked. */
    void fire() {
      int before = waiting.get();
      fires.release();
      Loops.until("the standby has looked", () -> waiting.get() > before);
    }
  }

  /** Takes hogs, after what a test does meanwhile. */
  private static final class Policy implements SchedulingPolicy {
    private final long graceNanos;
    private volatile @Nullable Runnable meanwhile;

    Policy(long graceNanos) {
      this.graceNanos = graceNanos;
    }

    @Override
    public String name() {
      return "in-between";
    }

    @Override
    public long batchNanos() {
      return 60_000_000_000L; // one turn, however long its units are
    }

    @Override
    public long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
      Runnable now = meanwhile;
      if (now != null) {
        meanwhile = null;
        now.run();
      }
      return graceNanos;
    }
  }

  private static void spin(CountDownLatch until) {
    while (until.getCount() > 0) {
      Thread.onSpinWait();
    }
  }

  /** Its rings say what the test writes. */
  private static final class Switches extends Kernel {
    static final int IN = 0;
    static final int OUT = 1 << 13;
    static final int PREEMPTED = OUT | 1 << 14;

    private static final long HEAD = 1024;
    private static final int SWITCH = 14;
    private static final int SWITCH_BYTES = 16;

    private final List<MemorySegment> rings = new CopyOnWriteArrayList<>();

    @Override
    public int perfEventOpenContextSwitches(int tid, int wakeupBytes) {
      return eventfd();
    }

    @Override
    public long mmap(int fd, long bytes) {
      var ring = Arena.global().allocate(bytes, pageBytes());
      rings.add(ring);
      write(ring, OUT);
      write(ring, IN);
      return ring.address();
    }

    private void write(MemorySegment ring, int misc) {
      long head = ring.get(JAVA_LONG, HEAD);
      long at = pageBytes() + head % pageBytes();
      ring.set(JAVA_LONG, at, SWITCH | (long) misc << 32 | (long) SWITCH_BYTES << 48);
      ring.set(JAVA_LONG, at + 8, 1);
      ring.set(JAVA_LONG, HEAD, head + SWITCH_BYTES);
    }

    /** What the kernel writes of each thread. */
    void write(int misc) {
      rings.forEach(ring -> write(ring, misc));
    }
  }

  private static TransferableEventLoopGroup group(Kernel kernel, Policy policy) {
    return group(kernel, new TickNotifier(), policy);
  }

  private static TransferableEventLoopGroup group(
      Kernel kernel, BlockNotifier notifier, Policy policy) {
    var enclave =
        new Enclave(
            new SchedulerOptions().setLoops(1).setMinStandbys(1).setMaxStandbys(1),
            kernel,
            notifier,
            policy,
            CpuSet.of(0),
            LoopThread::new,
            WorkObserver.NONE);
    var group =
        new TransferableEventLoopGroup(
            new LinkedHashMap<>(Map.of(enclave, 1)), NioIoHandler.newFactory(), null);
    Loops.until("the standby waits", () -> kernel.waiting.get() == 1);
    return group;
  }

  private static void end(Kernel kernel, TransferableEventLoopGroup group) throws Exception {
    kernel.fires.release(1_000); // whoever waits there is to see the end
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(20, TimeUnit.SECONDS);
  }

  /** However often it is looked in between. */
  @Test
  void shouldTakeAHogOnceItsGraceIsOver() throws Exception {
    var kernel = new Kernel();
    TransferableEventLoopGroup group = group(kernel, new Policy(100_000));
    TransferableEventLoop loop = group.loops().getFirst();
    var inside = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    loop.continuation(
        () -> {
          inside.countDown();
          spin(release);
        });
    Loops.await(inside);

    kernel.fire(); // it looks, for the first time
    TimeUnit.MILLISECONDS.sleep(2); // a slice, and the grace
    kernel.fires.release();

    Loops.until("it is taken", () -> loop.snapshot().takeovers() == 1);
    release.countDown();
    end(kernel, group);
  }

  @Test
  void shouldLookAgainWhenTheLoopHasGotToAnotherUnitMeanwhile() throws Exception {
    var kernel = new Kernel();
    var policy = new Policy(0);
    TransferableEventLoopGroup group = group(kernel, policy);
    TransferableEventLoop loop = group.loops().getFirst();
    var first = new CountDownLatch(1);
    var inFirst = new CountDownLatch(1);
    var second = new CountDownLatch(1);
    var inSecond = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    loop.execute(() -> spin(gate)); // so that both are of one turn
    loop.continuation(
        () -> {
          inFirst.countDown();
          spin(first);
        });
    loop.continuation(
        () -> {
          inSecond.countDown();
          spin(second);
        });
    gate.countDown();
    Loops.await(inFirst);
    kernel.fire(); // it looks, for the first time
    TimeUnit.MILLISECONDS.sleep(2); // two slices
    policy.meanwhile =
        () -> {
          first.countDown();
          Loops.await(inSecond);
        };
    int settings = kernel.settings.get();

    kernel.fire();

    assertThat(kernel.settings.get()).as("the timer is set").isEqualTo(settings + 1);
    assertThat(loop.snapshot().takeovers()).isZero();
    second.countDown();
    end(kernel, group);
  }

  /** Each of them leaves its unit soon; only the turn is longer than a slice. */
  @Test
  void shouldNotLookAtATurnOfManyUnits() throws Exception {
    var kernel = new Kernel();
    TransferableEventLoopGroup group = group(kernel, new Policy(0));
    TransferableEventLoop loop = group.loops().getFirst();
    var settings = new int[2];
    var done = new CountDownLatch(1);
    loop.execute(
        () -> {
          settings[0] = kernel.settings.get();
          for (int task = 0; task < 50; task++) {
            loop.execute(
                () -> {
                  long end = System.nanoTime() + 300_000;
                  while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                  }
                });
          }
          loop.execute(
              () -> {
                settings[1] = kernel.settings.get();
                done.countDown();
              });
        });
    Loops.await(done);

    // 15 ms: every three quarters of a millisecond, but for the first eight units
    assertThat(settings[1] - settings[0]).as("how often the timer is pushed").isGreaterThan(8);
    end(kernel, group);
  }

  /** Also if the kernel says it has only given its CPU to another one: Thread.sleep(0). */
  @ParameterizedTest
  @ValueSource(ints = {Switches.OUT, Switches.IN, Switches.PREEMPTED})
  void shouldTakeTheLoopOfAThreadThatWaitsAsTheJvmSays(int last) throws Exception {
    var kernel = new Switches();
    TransferableEventLoopGroup group = group(kernel, new PerfEventNotifier(kernel), new Policy(0));
    TransferableEventLoop loop = group.loops().getFirst();
    var release = new CountDownLatch(1);
    var owner = new CompletableFuture<Thread>();
    loop.continuation(
        () -> {
          owner.complete(Thread.currentThread());
          Loops.await(release);
        });
    Thread thread = owner.get(20, TimeUnit.SECONDS);
    Loops.until("the owner waits", () -> thread.getState() != Thread.State.RUNNABLE);
    kernel.write(last);

    kernel.fires.release();

    Loops.until("it is taken", () -> loop.snapshot().takeovers() == 1);
    release.countDown();
    end(kernel, group);
  }
}
