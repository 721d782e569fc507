import dev.baton.scheduler.os.CpuSet;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;

/**
 * GET /?k=250 computes 250,000 steps; GET /?ms=1000 sleeps. As a pipeline (baton, partitioned) or
 * by hand (stock).
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/PipelineService.java MODE PORT [CPUS LOOPS]
 * </pre>
 */
void main(String[] args) throws Exception {
  String mode = args[0];
  int port = Integer.parseInt(args[1]);
  if (mode.equals("stock")) {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    vertx
        .createHttpServer()
        .requestHandler(
            request -> {
              var work = work(request.getParam("k"), request.getParam("ms"));
              request.response().putHeader("content-type", "text/plain").end(work.run());
            })
        .listen(port)
        .await();
    return;
  }
  BatonOptions options = new BatonOptions();
  options.getScheduler().setLoops(1).setCpus(CpuSet.parse(args.length > 2 ? args[2] : "0"));
  Vertx vertx = Baton.vertx(options);
  Pipeline<Exchange, Response> pipeline =
      Pipeline.of("work", Parse.exchange().named("parse"))
          .then("read", e -> work(e.request().getParam("k"), e.request().getParam("ms")))
          .then("compute", Work::run)
          .then(Respond.text());
  PipelineOptions bounds = new PipelineOptions().setDeadline(Duration.ofMillis(100));
  if (mode.equals("partitioned")) {
    bounds.setStage(
        "compute",
        new StageOptions()
            .setPlacement(Placement.PARTITIONED)
            .setCpus(CpuSet.parse(args[2]))
            .setLoops(Integer.parseInt(args[3])));
  }
  vertx
      .createHttpServer()
      .requestHandler(Baton.handler(vertx, pipeline, bounds))
      .listen(port)
      .await();
}

record Work(int kiloIterations, int millis) {
  String run() {
    if (millis > 0) {
      try {
        Thread.sleep(millis);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    long x = 0x9E3779B97F4A7C15L;
    for (long i = kiloIterations * 1_000L; i > 0; i--) {
      x ^= x >>> 12;
      x ^= x << 25;
      x ^= x >>> 27;
    }
    return Long.toHexString(x);
  }
}

static Work work(String k, String ms) {
  return new Work(k == null ? 0 : Integer.parseInt(k), ms == null ? 0 : Integer.parseInt(ms));
}
