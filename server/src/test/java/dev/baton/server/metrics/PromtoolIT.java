package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.main.DemoService;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What a real server exposes, in the eyes of Prometheus' own linter. */
class PromtoolIT {
  /** The full path of a program, null if there is none. */
  static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  @Test
  void shouldExposeNothingThatPromtoolFindsFaultWith() throws Exception {
    Assumptions.assumeTrue(
        isInstalled("promtool"), "promtool is not installed (Debian: apt-get install prometheus)");
    Vertx vertx = Baton.vertx(new BatonOptions());
    try {
      DemoService service =
          new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
      vertx.deployVerticle(service).await();
      HttpClient client = vertx.createHttpClient();
      for (String path : new String[] {"/fast", "/block/1", "/nowhere", "/fail"}) {
        client
            .request(HttpMethod.GET, service.actualPort(), "127.0.0.1", path)
            .compose(r -> r.send().compose(HttpClientResponse::end))
            .await();
      }
      client.close().await();

      Scrape scrape = Scrape.of(BatonMetrics.of(vertx));

      Process promtool =
          new ProcessBuilder("promtool", "check", "metrics").redirectErrorStream(true).start();
      try (OutputStream in = promtool.getOutputStream()) {
        in.write(scrape.text().getBytes(StandardCharsets.UTF_8));
      }
      String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(promtool.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(said).isEmpty();
      assertThat(promtool.exitValue()).isZero();
      assertThat(scrape.samples())
          .containsKey(
              "vertx_http_server_requests_total{code=\"200\",method=\"GET\",route=\"/block/:ms\"}");
    } finally {
      vertx.close().await();
    }
  }

  @Test
  void shouldExplainEveryMetricAndStateItsType() throws IOException {
    Vertx vertx = Baton.vertx();
    try {
      Scrape scrape = Scrape.of(BatonMetrics.of(vertx));
      Map<String, String> types = new TreeMap<>();
      Map<String, String> helps = new TreeMap<>();
      scrape
          .text()
          .lines()
          .filter(line -> line.startsWith("# "))
          .map(line -> line.split(" ", 4))
          .forEach(words -> (words[1].equals("TYPE") ? types : helps).put(words[2], words[3]));

      assertThat(helps.keySet()).isEqualTo(types.keySet());
      assertThat(helps.values()).noneMatch(String::isBlank);
      assertThat(scrape.samples().keySet())
          .allSatisfy(
              series -> {
                String name = series.replaceAll("\\{.*", "");
                assertThat(types)
                    .satisfiesAnyOf(
                        t -> assertThat(t).containsKey(name),
                        t ->
                            assertThat(t).containsKey(name.replaceAll("_(bucket|count|sum)$", "")));
              });
    } finally {
      vertx.close().await();
    }
  }
}
