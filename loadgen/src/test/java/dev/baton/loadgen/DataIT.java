package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.schedule.Arrivals;
import dev.baton.loadgen.schedule.Part;
import dev.baton.loadgen.server.LawServer;
import dev.baton.loadgen.server.MirrorServer;
import dev.baton.loadgen.values.Feed;
import dev.baton.loadgen.values.UrlList;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What differs from request to request, as servers see it. */
class DataIT {
  private final MirrorServer server = MirrorServer.start();

  @TempDir Path directory = Path.of("");

  @AfterEach
  void stop() {
    server.close();
  }

  private static LoadOptions options() {
    return new LoadOptions()
        .setWarmup(Duration.ZERO)
        .setArrivals(Arrivals.UNIFORM)
        .setRate(100)
        .setDuration(Duration.ofMillis(300))
        .setDrain(Duration.ofSeconds(20))
        .setTimeout(Duration.ofSeconds(20));
  }

  private static LoadReport run(LoadOptions options) {
    var report = LoadGenerator.create(options).run();
    assertThat(report.total().count(Outcome.OK))
        .as("%s", report.errorKinds())
        .isEqualTo(report.total().sent());
    return report;
  }

  @Test
  void shouldShareTheConnectionsToAHostAmongThreeHundredUrls() {
    var requests =
        IntStream.range(0, 300).mapToObj(i -> RequestSpec.get(server.url("/" + i))).toList();

    var report = run(options().setRequests(requests).setConnections(4).setRate(400));

    assertThat(report.requests()).hasSize(300);
    assertThat(server.connections()).isBetween(1, 4);
  }

  @Test
  void shouldTakeTheUrlsOfAFileInTurn() throws IOException {
    var file = directory.resolve("urls");
    Files.write(
        file,
        List.of(server.url("/a"), "HEAD " + server.url("/b"), "POST " + server.url("/c?d=1")));
    var urls = RequestSpec.each("list", UrlList.read(file)).withBody("hello");

    var report = run(options().addRequest(urls).setConnections(1));

    assertThat(report.requests()).extracting(r -> r.name()).containsExactly("list");
    assertThat(server.requests().subList(0, 4))
        .extracting(r -> r.method() + " " + r.target() + " " + r.body())
        .containsExactly("GET /a ", "HEAD /b ", "POST /c?d=1 hello", "GET /a ");
  }

  @Test
  void shouldSendEachHostItsOwnUrls() throws IOException {
    try (var other = MirrorServer.start()) {
      var file = directory.resolve("urls");
      Files.write(file, List.of(server.url("/1"), other.url("/2"), server.url("/3")));
      var urls = RequestSpec.each("list", UrlList.read(file));

      var _ = run(options().addRequest(urls).setConnections(2));
      var _ = run(options().addRequest(urls).setConnections(2).setClosedLoop(true));

      assertThat(server.requests()).extracting(r -> r.target()).containsOnly("/1", "/3");
      assertThat(other.requests()).extracting(r -> r.target()).containsOnly("/2");
      assertThat(server.requests().getFirst().headers().get("Host"))
          .containsExactly("127.0.0.1:" + server.port());
    }
  }

  @Test
  void shouldFillUrlHeaderAndBodyFromTheSameRow() throws IOException {
    var file = Files.writeString(directory.resolve("users.csv"), "user,id\nann,1\nbob,2\n");
    var request =
        RequestSpec.get(server.url("/u/${id}?n=${user}"))
            .withMethod("POST")
            .withHeaders(Map.of("X-User", "${user}"))
            .withBody("{\"id\": ${id}}");

    var _ = run(options().addRequest(request).addFeed(Feed.csv(file)).setConnections(1));

    assertThat(server.requests().subList(0, 3))
        .extracting(r -> r.target() + " " + r.headers().get("X-user") + " " + r.body())
        .containsExactly(
            "/u/1?n=ann [ann] {\"id\": 1}",
            "/u/2?n=bob [bob] {\"id\": 2}",
            "/u/1?n=ann [ann] {\"id\": 1}");
  }

  @Test
  void shouldRefuseNamesThatNoFeedHas() throws IOException {
    var file = Files.writeString(directory.resolve("users.csv"), "user,id\nann,1\n");
    var options =
        options().addRequest(RequestSpec.get(server.url("/${idd}"))).addFeed(Feed.csv(file));

    assertThatThrownBy(() -> LoadGenerator.create(options))
        .hasMessageContaining("${idd} in 'http")
        .hasMessageContaining("there are [id, user]");
  }

  @Test
  void shouldStreamAFileThatIsLongerThanTheHeapWouldLike() throws IOException {
    var file = directory.resolve("body");
    try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1 << 30);
    }
    var put = RequestSpec.get(server.url("/upload")).withMethod("PUT").withBody(Body.of(file));
    var minutes = Duration.ofMinutes(5); // a gibibyte on a busy machine
    var options = options().setRate(3).setConnections(1).setTimeout(minutes).setDrain(minutes);
    long before = usedDirectAndHeap();

    var report = run(options.addRequest(put));

    assertThat(server.requests()).extracting(r -> r.length()).containsOnly(1L << 30);
    assertThat(server.requests().getFirst().headers().get("Content-length"))
        .containsExactly("1073741824");
    assertThat(report.total().sent()).isEqualTo(server.requests().size());
    assertThat(usedDirectAndHeap() - before).isLessThan(300L << 20);
  }

  private static long usedDirectAndHeap() {
    var runtime = Runtime.getRuntime();
    long direct =
        java.lang.management.ManagementFactory.getPlatformMXBeans(
                java.lang.management.BufferPoolMXBean.class)
            .stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(pool -> pool.getMemoryUsed())
            .sum();
    return direct + runtime.totalMemory() - runtime.freeMemory();
  }

  @Test
  void shouldSendTheWholeScheduleInParts() throws Exception {
    var file = directory.resolve("urls");
    Files.write(file, IntStream.range(0, 1_000).mapToObj(i -> server.url("/" + i)).toList());
    var whole =
        options()
            .addRequest(RequestSpec.each("list", UrlList.read(file)))
            .setArrivals(Arrivals.POISSON);
    var expected = new ArrayList<String>();
    var generator = LoadGenerator.create(whole);
    for (var cursor = generator.schedule().cursor(); cursor.advance(); ) {
      expected.add("/" + cursor.ordinal());
    }

    for (int part = 1; part <= 3; part++) {
      var report = run(new LoadOptions(whole).setPart(new Part(part, 3)));
      assertThat(report.scheduleHash()).isEqualTo(generator.schedule().hash());
    }

    assertThat(server.requests()).extracting(r -> r.target()).hasSameElementsAs(expected);
    assertThat(server.requests()).hasSameSizeAs(expected);
  }

  @Test
  void shouldHoldAHundredThousandUrlsInLittleMemory() throws Exception {
    var file = directory.resolve("urls");
    try (var law = LawServer.start()) {
      Files.write(
          file,
          IntStream.range(0, 100_000)
              .mapToObj(i -> law.url("/catalogue/articles/" + i + "?details=full&currency=EUR"))
              .toList());
      var process =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElse("java"),
                  "-Xmx64m",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  "dev.baton.loadgen.cli.LoadGeneratorCommand",
                  "run",
                  "--urls",
                  file.toString(),
                  "--rate=500",
                  "--drain=1m",
                  "--duration=2s",
                  "--warmup=0",
                  "--no-rehearsal",
                  "--quiet")
              .redirectErrorStream(true)
              .start();
      long peakKilobytes = 0;
      while (process.isAlive()) {
        peakKilobytes = Math.max(peakKilobytes, peak(process.pid()));
        Thread.sleep(50);
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(output).contains("unsent 0").doesNotContain("connection error 1");
      assertThat(peakKilobytes).isBetween(1L, 200L << 10);
    }
  }

  /** The most memory the process had resident so far, in kB; 0 if it ended. */
  private static long peak(long pid) {
    try (var lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException | java.io.UncheckedIOException e) {
      return 0;
    }
  }
}
