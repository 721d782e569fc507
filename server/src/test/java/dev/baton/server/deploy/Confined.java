package dev.baton.server.deploy;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import dev.baton.server.management.ManagementServer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Serves a few requests in this process, and says how it sees blocks. */
final class Confined {
  private Confined() {}

  public static void main(String[] arguments) throws Exception {
    Vertx vertx = Baton.vertx(new BatonOptions().setContextMode(ContextMode.PER_REQUEST));
    var service = new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
    vertx.deployVerticle(service).await();
    ManagementServer management = ManagementServer.start(0, vertx);
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (String path : new String[] {"fast", "block/20", "native/20", "file/64", "cpu/20000"}) {
        ask(client, service.actualPort(), "/" + path);
      }
      ask(client, management.port(), "/metrics");
      ask(client, management.port(), "/baton/api/workers");
    }
    System.out.println("served, notifier " + Baton.scheduler(vertx).notifier());
    System.out.flush();
    management.close();
    vertx.close().await();
    System.exit(0);
  }

  private static void ask(HttpClient client, int port, String path) throws Exception {
    var uri = URI.create("http://127.0.0.1:" + port + path);
    int status =
        client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding()).statusCode();
    if (status != 200) {
      throw new IllegalStateException(path + ": " + status);
    }
  }
}
