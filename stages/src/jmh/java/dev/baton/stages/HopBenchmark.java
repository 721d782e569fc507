package dev.baton.stages;

import dev.baton.scheduler.Scheduler;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to have something run elsewhere? One thread passes {@code burst} pieces of work
 * on, spins until all have run, and begins again; the time is that of a burst. A burst of 1 is a
 * round trip to a thread that may sleep, one of 64 shows what a hop costs when it does not. Give it
 * two CPUs.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@NullUnmarked // JMH calls the setup
public class HopBenchmark {
  @Param({"1", "64"})
  public int burst;

  private final AtomicInteger left = new AtomicInteger();
  private final Runnable ran = left::decrementAndGet;

  private Vertx vertx;
  private Context eventLoop;
  private ExecutorService executor;
  private BoundPipeline<Object, Object> pipeline;
  private Completion<Object> completion;

  /** Wake-ups of the stage's loop per second. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class WakeUps {
    public long wakeUps;
  }

  @Setup
  public void start() {
    vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1));
    eventLoop = vertx.getOrCreateContext();
    executor = Executors.newSingleThreadExecutor();
    StageOptions partitioned =
        new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1).setCapacity(1024);
    pipeline =
        new BoundPipeline<>(
            Pipeline.of("hop", Stage.plain("elsewhere", value -> value)),
            new PipelineOptions()
                .setAdmissionTarget(Duration.ZERO)
                .setStage("elsewhere", partitioned),
            1,
            Scheduler::builder,
            null);
    completion =
        new Completion<>() {
          @Override
          public boolean isCancelled() {
            return false;
          }

          @Override
          public void completed(Object result) {
            left.decrementAndGet();
          }

          @Override
          public void failed(Throwable failure, String stage) {
            throw new AssertionError(failure);
          }
        };
  }

  @TearDown
  public void stop() {
    pipeline.close();
    executor.shutdown();
    vertx.close().await();
  }

  private void await() {
    while (left.get() > 0) {
      Thread.onSpinWait();
    }
  }

  @Benchmark
  public void partitionedStage(WakeUps counter) {
    long before = pipeline.stages[0].queue.wakeUps();
    left.set(burst);
    for (int i = 0; i < burst; i++) {
      HomeContext context = new HomeContext();
      pipeline.run(this, context, completion);
      context.callbackEnded();
    }
    await();
    counter.wakeUps += pipeline.stages[0].queue.wakeUps() - before;
  }

  @Benchmark
  public void runOnContext() {
    left.set(burst);
    for (int i = 0; i < burst; i++) {
      eventLoop.runOnContext(_ -> ran.run());
    }
    await();
  }

  @Benchmark
  public void executeBlocking() {
    left.set(burst);
    for (int i = 0; i < burst; i++) {
      vertx.executeBlocking(left::decrementAndGet, false);
    }
    await();
  }

  @Benchmark
  public void executorService() {
    left.set(burst);
    for (int i = 0; i < burst; i++) {
      executor.execute(ran);
    }
    await();
  }

  @Benchmark
  public void virtualThread() {
    left.set(burst);
    for (int i = 0; i < burst; i++) {
      Thread.startVirtualThread(ran);
    }
    await();
  }
}
