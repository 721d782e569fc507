package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** {@code serve} with one loop and free ports, in a JVM of its own. */
final class ServeProcess implements AutoCloseable {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final Pattern PORTS =
      Pattern.compile("serves http://127.0.0.1:(\\d+)/.*management http://[^:]+:(\\d+)/");

  private final Process process;
  private final Path out;
  private final Path err;
  final int port;
  final int managementPort;

  private ServeProcess(Process process, Path out, Path err) throws Exception {
    this.process = process;
    this.out = out;
    this.err = err;
    Matcher ports = awaitPorts();
    port = Integer.parseInt(ports.group(1));
    managementPort = Integer.parseInt(ports.group(2));
  }

  static ServeProcess start(Path directory, String... options) throws Exception {
    return start(directory, List.of(), options);
  }

  /** As the last argument of {@code launcher}, a command that ends in running another. */
  static ServeProcess start(Path directory, List<String> launcher, String... options)
      throws Exception {
    return startWith(System.getProperty("java.class.path"), directory, launcher, options);
  }

  static ServeProcess startWith(
      String classPath, Path directory, List<String> launcher, String... options) throws Exception {
    Path out = Files.createTempFile(directory, "serve", ".out");
    Path err = Files.createTempFile(directory, "serve", ".err");
    var command = new ArrayList<>(launcher);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath,
            Main.class.getName(),
            "serve",
            "--loops=1",
            "--management-port=0"));
    if (Arrays.stream(options).noneMatch(option -> option.startsWith("--port="))) {
      command.add("--port=0");
    }
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    return new ServeProcess(process, out, err);
  }

  private Matcher awaitPorts() throws Exception {
    while (true) {
      Matcher ports = PORTS.matcher(out() + err().replace("\\/", "/")); // as JSON has it
      if (ports.find()) {
        return ports;
      }
      if (!process.isAlive()) {
        throw new AssertionError("serve ended: " + out() + err());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  CompletableFuture<HttpResponse<String>> ask(String path, String... headers) {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    return CLIENT.sendAsync(
        (headers.length == 0 ? request : request.headers(headers)).build(),
        BodyHandlers.ofString());
  }

  HttpResponse<String> manage(String method, String path, String body) throws Exception {
    return CLIENT.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .timeout(Duration.ofSeconds(20))
            .build(),
        BodyHandlers.ofString());
  }

  JsonObject json(String path) throws Exception {
    return new JsonObject(manage("GET", path, "").body());
  }

  /** Sends a signal, such as {@code STOP}. */
  void signal(String name) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  /** Sends SIGTERM. */
  void terminate() {
    process.destroy();
  }

  int awaitExit() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("serve has not ended");
    }
    return process.exitValue();
  }

  String out() throws IOException {
    return Files.readString(out);
  }

  String err() throws IOException {
    return Files.readString(err);
  }

  /** Asks the management port until its answer has that text. */
  void awaitLine(String path, String text) throws Exception {
    while (!manage("GET", path, "").body().contains(text)) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** The first line of an answer of the management port that begins so. */
  String line(String path, String prefix) throws Exception {
    return manage("GET", path, "")
        .body()
        .lines()
        .filter(line -> line.startsWith(prefix))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no line begins with " + prefix));
  }

  /** For how long, of the loops' threads, the one that did most has waited for a CPU by now. */
  long longestWaitForACpuMillis() throws IOException {
    long longest = 0;
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
      for (Path thread : threads.toList()) {
        if (Files.readString(thread.resolve("comm")).startsWith("baton-")) {
          String waited = Files.readString(thread.resolve("schedstat")).split(" ", -1)[1];
          longest = Math.max(longest, Long.parseLong(waited));
        }
      }
    }
    return TimeUnit.NANOSECONDS.toMillis(longest);
  }

  void awaitLog(String text) throws Exception {
    while (!err().contains(text)) {
      if (!process.isAlive()) {
        throw new AssertionError("serve ended without \"" + text + "\": " + err());
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
