package dev.baton.server.metrics;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.observability.HttpRequest;
import io.vertx.core.spi.observability.HttpResponse;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to record one request, in all: everything that Vert.x calls for it, on one of
 * Baton's loops in IO? Beside it the clock, of which one reading is in that, and the histogram
 * alone.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {
      "-Djmh.executor=CUSTOM",
      "-Djmh.executor.class=dev.baton.server.metrics.LoopExecutor"
    })
public class RecordingBenchmark {
  private static final String ROUTE = "/users/:id";

  private final HttpRequest request = new Request(MultiMap.caseInsensitiveMultiMap());
  private final HttpResponse response = new Response(200, MultiMap.caseInsensitiveMultiMap());
  private final SocketAddress address = SocketAddress.inetSocketAddress(1, "localhost");
  private final Recorder recorder = new Recorder();
  private final HttpServerRecorder server = new HttpServerRecorder(recorder);
  private final TransportRecorder transport = new TransportRecorder(recorder, "transport");
  private @Nullable LatestRequest connection;
  private int series;
  private long nanos;

  @SuppressWarnings("removal") // id()
  record Request(MultiMap headers) implements HttpRequest {
    @Override
    public long id() {
      return 0;
    }

    @Override
    public HttpVersion version() {
      return HttpVersion.HTTP_1_1;
    }

    @Override
    public String uri() {
      return "/users/1";
    }

    @Override
    public String absoluteURI() {
      return "http://localhost/users/1";
    }

    @Override
    public HttpMethod method() {
      return HttpMethod.GET;
    }

    @Override
    public SocketAddress remoteAddress() {
      return SocketAddress.inetSocketAddress(1, "localhost");
    }
  }

  record Response(int statusCode, MultiMap headers) implements HttpResponse {}

  @Setup
  public void attach() {
    recorder.attach(LoopExecutor.scheduler().eventLoopGroup());
    series = recorder.family(FamilySpec.of(FamilySpec.Kind.HISTOGRAM, "h_seconds", "H.")).series();
  }

  /** On the loop, as Vert.x does; {@link #attach} runs elsewhere. */
  @Setup(Level.Iteration)
  public void connect() {
    connection = transport.connected(address, "localhost");
  }

  /** A request without a body: its head, its route, the bytes and the end of its response. */
  @Benchmark
  public void request() {
    HttpServerRecorder.Request metric = server.requestBegin(address, request);
    server.requestRouted(metric, ROUTE);
    transport.bytesWritten(connection, address, 100);
    server.responseEnd(metric, response, 100);
  }

  /** The same with a body. */
  @Benchmark
  public void requestWithBody() {
    HttpServerRecorder.Request metric = server.requestBegin(address, request);
    server.requestRouted(metric, ROUTE);
    transport.bytesRead(connection, address, 100);
    transport.bytesWritten(connection, address, 100);
    server.responseEnd(metric, response, 100);
  }

  @Benchmark
  public int histogram() {
    return recorder.cell().record(series, nanos += 17);
  }

  @Benchmark
  public long clock() {
    return System.nanoTime();
  }
}
