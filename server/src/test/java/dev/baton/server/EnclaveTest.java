package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.EnclaveOptions;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.server.context.ContextMode;
import dev.baton.server.management.ManagementOptions;
import dev.baton.server.management.ManagementServer;
import io.netty.channel.epoll.Epoll;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server with two enclaves of one CPU each: what runs where, and how that changes. */
@Timeout(60)
class EnclaveTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private CpuSet allowed = CpuSet.of();
  private String mainCpu = "";
  private String batchCpu = "";
  private Vertx vertx = Vertx.vertx();

  @BeforeEach
  void start() {
    Assumptions.assumeTrue(Epoll.isAvailable(), "no epoll here");
    allowed = new FfmLinuxCalls().schedGetaffinity(0);
    Assumptions.assumeTrue(allowed.size() > 1, "two enclaves need two CPUs: " + allowed);
    mainCpu = CpuSet.of(allowed.cpuAt(0)).toString();
    batchCpu = CpuSet.of(allowed.cpuAt(1)).toString();
    vertx = Baton.vertx(options());
  }

  private BatonOptions options() {
    var options =
        new BatonOptions()
            .setContextMode(ContextMode.PER_REQUEST)
            .setRoutes(Map.of("GET /reports/*", "batch"));
    options
        .getScheduler()
        .setCpus(CpuSet.parse(mainCpu))
        .setLoops(2)
        .setEnclaves(List.of(new EnclaveOptions("batch", batchCpu)));
    return options;
  }

  @AfterEach
  void close() {
    client.close();
    vertx.close().await();
  }

  /** Answers every request with the CPUs that its handler may run on. */
  private static final class WhereAmI extends VerticleBase {
    private int port;

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer()
          .requestHandler(
              request -> request.response().end(new FfmLinuxCalls().schedGetaffinity(0).toString()))
          .listen(0, "127.0.0.1")
          .onSuccess(server -> port = server.actualPort());
    }
  }

  private String get(int port, String path) throws Exception {
    return client
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            BodyHandlers.ofString())
        .body();
  }

  private HttpResponse<String> put(ManagementServer port, String path, JsonObject body)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.port() + path))
            .PUT(BodyPublishers.ofString(body.encode()))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void shouldRunADeploymentWhereItChooses() throws Exception {
    var here = new WhereAmI();
    var there = new WhereAmI();
    vertx.deployVerticle(here).await();
    vertx.deployVerticle(there, Baton.enclave(new DeploymentOptions(), "batch")).await();

    assertThat(get(here.port, "/")).isEqualTo(mainCpu);
    assertThat(get(there.port, "/")).isEqualTo(batchCpu);
  }

  @Test
  void shouldFailADeploymentThatChoosesNone() {
    DeploymentOptions options = Baton.enclave(new DeploymentOptions(), "bath");

    assertThatThrownBy(() -> vertx.deployVerticle(new WhereAmI(), options).await())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("enclave=bath")
        .hasMessageContaining("did you mean batch?");
  }

  @Test
  void shouldFailAPinnedDeploymentThatChoosesOne() {
    DeploymentOptions options =
        Baton.contextMode(Baton.enclave(new DeploymentOptions(), "batch"), ContextMode.PINNED);

    assertThatThrownBy(() -> vertx.deployVerticle(new WhereAmI(), options).await())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("baton.enclave=batch")
        .hasMessageContaining("choose another context mode");
  }

  @Test
  void shouldRunARouteWhereItIsPlacedAndMoveIt() throws Exception {
    var service = new WhereAmI();
    vertx.deployVerticle(service).await();

    assertThat(get(service.port, "/fast")).isEqualTo(mainCpu);
    assertThat(get(service.port, "/reports/17?all")).isEqualTo(batchCpu);
    assertThat(get(service.port, "/reports")).isEqualTo(batchCpu);
    Baton.moveRoute(vertx, "GET /reports/*", "main");
    assertThat(get(service.port, "/reports/17")).isEqualTo(mainCpu);
    Baton.moveRoute(vertx, "/fast", "batch");
    assertThat(get(service.port, "/fast")).isEqualTo(batchCpu);
    assertThat(get(service.port, "/faster")).isEqualTo(mainCpu);
  }

  @Test
  void shouldRefuseAnEnclaveOrRouteThatThereIsNot() {
    assertThatThrownBy(() -> Baton.vertx(options().setRoutes(Map.of("/a", "bat"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("routes: enclave=bat")
        .hasMessageContaining("did you mean batch?");
    assertThatThrownBy(() -> Baton.moveRoute(vertx, "reports", "batch"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("route=reports: write a path");
    assertThatThrownBy(() -> Baton.moveStage(vertx, "orders", "price", "batch"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stage=orders/price: there is no such pipeline");
    assertThatThrownBy(() -> Baton.moveLoop(vertx, 9, "batch"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loop=9: choose one from 0 to 2");
  }

  @Test
  void shouldMoveALoopByTheManagementPort() throws Exception {
    var writable = new ManagementOptions().setPort(0).setWritable(true);
    ManagementServer port = ManagementServer.start(writable, vertx);
    try {
      HttpResponse<String> moved =
          put(port, "/baton/api/enclaves", new JsonObject().put("loop", 1).put("enclave", "batch"));

      assertThat(moved.statusCode()).isEqualTo(200);
      JsonArray enclaves = new JsonObject(moved.body()).getJsonArray("enclaves");
      assertThat(enclaves.getJsonObject(0).getJsonArray("loops")).isEqualTo(JsonArray.of(0));
      assertThat(enclaves.getJsonObject(1).getJsonArray("loops")).hasSize(2).contains(1, 2);
      JsonArray loops = new JsonObject(get(port.port(), "/baton/api/loops")).getJsonArray("loops");
      assertThat(loops.getJsonObject(1).getString("enclave")).isEqualTo("batch");
      assertThat(loops.getJsonObject(1).getInteger("cpu")).isEqualTo(allowed.cpuAt(1));
      assertThat(get(port.port(), "/metrics"))
          .contains("baton_loop_busy_seconds_total{enclave=\"main\",loop=\"0\"}")
          .contains("baton_loop_busy_seconds_total{enclave=\"batch\",loop=\"1\"}");
      HttpResponse<String> last =
          put(port, "/baton/api/enclaves", new JsonObject().put("loop", 0).put("enclave", "batch"));
      assertThat(last.statusCode()).isEqualTo(409);
      assertThat(last.body()).contains("it is the last one of enclave main");
      HttpResponse<String> unknown =
          put(port, "/baton/api/enclaves", new JsonObject().put("loop", 1).put("enclave", "mian"));
      assertThat(unknown.statusCode()).isEqualTo(400);
      assertThat(unknown.body()).contains("did you mean main?");
      HttpResponse<String> policy =
          put(
              port,
              "/baton/api/policy",
              new JsonObject().put("policy", "shinjuku").put("enclave", "batch"));
      assertThat(new JsonObject(policy.body()).getString("name")).isEqualTo("shinjuku");
      assertThat(Baton.scheduler(vertx).enclave().policyName()).isEqualTo("run-to-completion");
    } finally {
      port.close();
    }
  }

  @Test
  void shouldMoveNothingWhereThePortIsReadOnly() throws Exception {
    ManagementServer port = ManagementServer.start(0, vertx);
    try {
      HttpResponse<String> refused =
          put(port, "/baton/api/enclaves", new JsonObject().put("loop", 1).put("enclave", "batch"));

      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(Baton.scheduler(vertx).loop(1).enclave().name()).isEqualTo("main");
    } finally {
      port.close();
    }
  }
}
