import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Makes the AOT cache of a server: starts the jar on the JDK that runs this, has it do what servers
 * do, loops that change hands included, and ends it. What was loaded, linked and found to be hot is
 * kept in the cache for the next start (JEP 483, 514, 515). It fits that JDK and that jar only; the
 * JVM starts without it where it does not fit.
 *
 * <p>Arguments: the jar, the cache, and the {@code java} to train if it is not the one that runs
 * this.
 */
final class Train {
  private static final Pattern PORTS =
      Pattern.compile("http://[^:]+:(\\d+)/.*http://[^:]+:(\\d+)/");
  private static final String ORDER =
      "{\"customer\": \"c\", \"items\": [{\"sku\": \"s\", \"quantity\": 1, \"unitPriceCents\":"
          + " 1}]}";
  private static final int REQUESTS = 2_000;
  private static final int BLOCKS = 200;

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  public static void main(String[] arguments) throws Exception {
    Path cache = Path.of(arguments[1]).toAbsolutePath();
    String java =
        arguments.length > 2
            ? arguments[2]
            : Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Files.deleteIfExists(cache);
    Process server =
        new ProcessBuilder(
                java,
                "-XX:AOTCacheOutput=" + cache,
                "-Xlog:aot*=warning,aot=error,cds=error:stderr",
                "-jar",
                Path.of(arguments[0]).toAbsolutePath().toString(),
                "serve",
                "--port=0",
                "--management-port=0")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      Matcher ports = ports(server);
      exercise(Integer.parseInt(ports.group(1)), Integer.parseInt(ports.group(2)));
      server.toHandle().destroy(); // SIGTERM: it drains, then writes the cache
      server.inputReader().transferTo(Writer.nullWriter());
      if (!server.waitFor(5, TimeUnit.MINUTES) || !Files.exists(cache)) {
        throw new IOException("The server has not written " + cache);
      }
    } finally {
      server.destroyForcibly();
    }
  }

  private static Matcher ports(Process server) throws IOException {
    String line = server.inputReader().readLine();
    Matcher ports = PORTS.matcher(String.valueOf(line));
    if (!ports.find()) {
      throw new IOException("The server has not started: " + line);
    }
    return ports;
  }

  private static void exercise(int port, int management) {
    String service = "http://127.0.0.1:" + port;
    String insight = "http://127.0.0.1:" + management;
    for (int i = 0; i < REQUESTS; i++) {
      await(List.of(get(service + "/fast"), post(service + "/orders", ORDER)));
    }
    // Each loses its loop; some come while others are away.
    await(IntStream.range(0, BLOCKS).mapToObj(i -> get(service + "/block/" + i % 5)).toList());
    for (String path : List.of("/cpu/20000", "/native/20", "/file/4", "/timer/1", "/stream/64")) {
      await(List.of(get(service + path), get(service + "/fast")));
    }
    for (String path : List.of("/metrics", "/health/ready", "/baton", "/baton/api")) {
      await(List.of(get(insight + path)));
    }
  }

  private static HttpRequest get(String uri) {
    return HttpRequest.newBuilder(URI.create(uri)).build();
  }

  private static HttpRequest post(String uri, String json) {
    return HttpRequest.newBuilder(URI.create(uri))
        .header("content-type", "application/json")
        .POST(BodyPublishers.ofString(json))
        .build();
  }

  private static void await(List<HttpRequest> requests) {
    requests.stream()
        .map(request -> CLIENT.sendAsync(request, BodyHandlers.ofByteArray()))
        .toList()
        .forEach(
            sent -> {
              var response = sent.join();
              if (response.statusCode() != 200) {
                throw new IllegalStateException(response.uri() + ": " + response.statusCode());
              }
            });
  }
}
