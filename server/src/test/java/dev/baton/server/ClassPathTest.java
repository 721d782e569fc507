package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.metrics.BatonMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.metrics.MetricsOptions;
import io.vertx.core.spi.VertxServiceProvider;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.ext.web.Router;
import io.vertx.micrometer.MicrometerMetricsOptions;
import io.vertx.micrometer.PrometheusScrapingHandler;
import io.vertx.micrometer.VertxPrometheusOptions;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What else an application has on its class path is used if it asks for it, and not else. */
@Timeout(60)
class ClassPathTest {
  private static final String PROVIDERS =
      "META-INF/services/" + VertxServiceProvider.class.getName();

  /** As in the jar of any cluster manager. */
  public static final class FoundClusterManager implements VertxServiceProvider {
    @Override
    public void init(VertxBootstrap bootstrap) {
      if (bootstrap.clusterManager() == null) {
        Object manager =
            Proxy.newProxyInstance(
                ClusterManager.class.getClassLoader(),
                new Class<?>[] {ClusterManager.class},
                (_, method, _) -> {
                  throw new AssertionError(method + ": nobody has asked for a cluster");
                });
        bootstrap.clusterManager((ClusterManager) manager);
      }
    }
  }

  /** A class path that has no other provider than this. */
  private static final class ClusterManagersJar extends URLClassLoader {
    ClusterManagersJar(Path directory) throws IOException {
      super(new URL[] {directory.toUri().toURL()}, ClassPathTest.class.getClassLoader());
      Path services = directory.resolve(PROVIDERS);
      Files.createDirectories(services.getParent());
      Files.writeString(services, FoundClusterManager.class.getName());
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
      return name.equals(PROVIDERS) ? findResources(name) : super.getResources(name);
    }
  }

  @Test
  void shouldNotClusterBecauseAClusterManagerIsThere(@TempDir Path directory) throws Exception {
    try (var jar = new ClusterManagersJar(directory)) {
      Vertx vertx = start(jar, new VertxOptions());
      try {
        vertx.eventBus().<String>consumer("echo", message -> message.reply(message.body()));

        var reply = vertx.eventBus().<String>request("echo", "hello").await();

        assertThat(reply.body()).isEqualTo("hello");
        assertThat(vertx.isClustered()).isFalse();
      } finally {
        vertx.close().await();
      }
    }
  }

  @Test
  void shouldRecordWhenMetricsAreEnabledAndThereAreNoOthers(@TempDir Path directory)
      throws Exception {
    try (var jar = new ClusterManagersJar(directory)) {
      var enabled = new VertxOptions().setMetricsOptions(new MetricsOptions().setEnabled(true));
      Vertx vertx = start(jar, enabled);
      try {
        assertThat(BatonMetrics.of(vertx)).isNotNull();
      } finally {
        vertx.close().await();
      }
    }
  }

  private static Vertx start(ClassLoader classPath, VertxOptions options) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(classPath);
    try {
      return Baton.vertx(options, new BatonOptions());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Where an application enables metrics of its own. */
  enum On {
    BATON,
    STOCK;

    Vertx start(VertxOptions options) {
      return this == BATON ? Baton.vertx(options, new BatonOptions()) : Vertx.vertx(options);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldLeaveTheMetricsToAnApplicationThatHasItsOwn(On on) {
    MicrometerMetricsOptions own =
        new MicrometerMetricsOptions()
            .setEnabled(true)
            .setRegistryName("shop-" + on)
            .setPrometheusOptions(new VertxPrometheusOptions().setEnabled(true));
    Vertx vertx = on.start(new VertxOptions().setMetricsOptions(own));
    try {
      Router router = Router.router(vertx);
      router.get("/metrics").handler(PrometheusScrapingHandler.create("shop-" + on));
      int port =
          vertx
              .createHttpServer()
              .requestHandler(router)
              .listen(0, "127.0.0.1")
              .await()
              .actualPort();

      String page = page(vertx, port);

      assertThat(page).contains("vertx_pool_ratio{");
      assertThat(BatonMetrics.of(vertx)).isNull();
    } finally {
      vertx.close().await();
    }
  }

  private static @Nullable String page(Vertx vertx, int port) {
    HttpClient client = vertx.createHttpClient();
    try { // a client that nobody holds is closed by the collector, also under its requests
      return client
          .request(HttpMethod.GET, port, "127.0.0.1", "/metrics")
          .compose(request -> request.send().compose(response -> response.body()))
          .await()
          .toString();
    } finally {
      client.close().await();
    }
  }
}
