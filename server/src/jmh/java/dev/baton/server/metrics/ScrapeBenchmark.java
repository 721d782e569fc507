package dev.baton.server.metrics;

import io.netty.util.concurrent.FastThreadLocalThread;
import io.vertx.core.MultiMap;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.spi.observability.HttpRequest;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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

/**
 * How long does a scrape take, with this many routes that four threads have served, each answering
 * with two status codes? With {@code -prof gc} also what it allocates. {@code -bm ss -wi 0} is the
 * first scrape of a process.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class ScrapeBenchmark {
  private static final int THREADS = 4;

  @Param({"200"})
  public int routes;

  @Param({"text/plain", "application/openmetrics-text"})
  public String accept = "";

  private final BatonMetrics metrics = new BatonMetricsFactory().metrics(new VertxOptions());

  @Setup
  public void serve() throws InterruptedException {
    CountDownLatch recorded = new CountDownLatch(THREADS);
    for (int i = 0; i < THREADS; i++) {
      Thread thread =
          new FastThreadLocalThread(
              () -> {
                record();
                recorded.countDown();
                LockSupport.park(); // a thread that ends gives its cell back
              });
      thread.setDaemon(true);
      thread.start();
    }
    recorded.await();
  }

  private void record() {
    HttpServerRecorder server = metrics.httpServer();
    HttpRequest request = new RecordingBenchmark.Request(MultiMap.caseInsensitiveMultiMap());
    MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("x-request-id", "4711-0815");
    for (int i = 0; i < routes; i++) {
      for (int status : new int[] {200, 500}) {
        HttpServerRecorder.Request metric = server.requestBegin(null, request);
        server.requestRouted(metric, "/route/" + i);
        server.responseEnd(metric, new RecordingBenchmark.Response(status, headers), 0);
      }
    }
  }

  @Benchmark
  public Buffer scrape() {
    return metrics.scrape(accept).body();
  }
}
