import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;

/**
 * GET /await/1000 awaits a timer of a second, GET /fast answers at once. On stock Vert.x in a
 * virtual-thread verticle, the only kind that may await there.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/AwaitService.java baton|stock PORT
 * </pre>
 */
void main(String[] args) throws Exception {
  boolean isStock = args[0].equals("stock");
  var options = new BatonOptions().setContextMode(ContextMode.PER_REQUEST);
  options.getScheduler().setLoops(1);
  Vertx vertx =
      isStock
          ? Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1))
          : Baton.vertx(options.setMaxAwayPerRoute(10_000));
  var deployment = new DeploymentOptions();
  if (isStock) {
    deployment.setThreadingModel(ThreadingModel.VIRTUAL_THREAD);
  }
  vertx
      .deployVerticle(
          context ->
              vertx
                  .createHttpServer()
                  .requestHandler(
                      request -> {
                        String[] path = request.path().split("/");
                        if (path[1].equals("await")) {
                          vertx.timer(Long.parseLong(path[2])).await();
                        }
                        request.response().end("ok");
                      })
                  .listen(Integer.parseInt(args[1])),
          deployment)
      .await();
}
