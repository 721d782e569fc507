package dev.baton.stages;

import dev.baton.scheduler.Scheduler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
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
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What does one more fused stage cost? The difference between 17 stages and 1, by 16; with {@code
 * -prof gc} also its garbage. Timed: somebody wants to know how long each stage takes, or has set a
 * deadline.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@NullUnmarked // JMH calls the setup
public class FusedHopBenchmark {
  @Param({"1", "17"})
  public int stages;

  @Param({"false", "true"})
  public boolean timed;

  private BoundPipeline<Object, Object> pipeline;
  private HomeContext context;
  private Completion<Object> completion;
  private final Object input = new Object();

  @Setup
  public void bind(Blackhole blackhole) {
    Pipeline<Object, Object> p = Pipeline.of("hops", Stage.plain("s0", value -> value));
    for (int i = 1; i < stages; i++) {
      p = p.then("s" + i, value -> value);
    }
    PipelineOptions options = new PipelineOptions().setAdmissionTarget(Duration.ZERO);
    if (timed) {
      options.setDeadline(Duration.ofHours(1));
    }
    pipeline = new BoundPipeline<>(p, options, 1, Scheduler::builder, null);
    context = new HomeContext();
    completion =
        new Completion<>() {
          @Override
          public boolean isCancelled() {
            return false;
          }

          @Override
          public void completed(Object result) {
            blackhole.consume(result);
          }

          @Override
          public void failed(Throwable failure, String stage) {
            throw new AssertionError(failure);
          }
        };
  }

  @Benchmark
  public void pass() {
    pipeline.run(input, context, completion);
  }
}
