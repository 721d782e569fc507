package dev.baton.server.events;

import dev.baton.server.BatonOptions;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What happens where workers, memory or patience end, a row each. The text that a run gives is
 * compared with the one that is right.
 */
enum EdgeRow {
  AWAITS(
      "B1",
      "12 requests await a timer, 8 standbys",
      "none answered, the loop never answers again",
      "12 × 200; 1 × 200",
      Hosts.TAKEN,
      o -> o.getScheduler().setMaxStandbys(8)) {
    @Override
    String play(EdgeServer server) throws Exception {
      return server.all(12, "/await/200") + "; " + server.all(1, "/fast");
    }
  },

  AWAITS_300(
      "B1",
      "300 requests await a timer, 256 standbys",
      "18 of 300 answered, the loop never answers again",
      "300 × 200; 1 × 200",
      Hosts.TAKEN) {
    @Override
    String play(EdgeServer server) throws Exception {
      return server.all(300, "/await/200") + "; " + server.all(1, "/fast");
    }
  },

  AWAITS_IN_VAIN(
      "B1",
      "12 requests await 1 s in vain, 8 standbys",
      "the time-out does not fire, the loop never answers again",
      "12 × 504; 1 × 200",
      Hosts.TAKEN,
      o -> o.getScheduler().setMaxStandbys(8)) {
    @Override
    String play(EdgeServer server) throws Exception {
      return server.all(12, "/await-in-vain") + "; " + server.all(1, "/fast");
    }
  },

  REFUSED(
      "B2",
      "5,000 requests refused, 32 may wait",
      "95,982 of 95,950 queued, 1.7 kB each; OutOfMemoryError after 30 s with -Xmx128m",
      "5,000 refused, at most 32 wait",
      Hosts.PER_REQUEST,
      o -> o.getScheduler().setMaxStandbys(2).setMaxHeldContinuations(32)) {
    @Override
    String play(EdgeServer server) throws Exception {
      server.occupied(120);
      int refused = 0;
      int longest = 0;
      try (Wire wire = new Wire(server.port).timeout(5_000)) {
        for (int i = 0; i < 5_000; i++) {
          refused += wire.get("/fast").status() == 503 ? 1 : 0;
          if (i % 1_000 == 0) {
            longest = Math.max(longest, server.waiting());
          }
        }
      }
      return number(refused)
          + " refused, "
          + (longest <= 32 ? "at most 32 wait" : longest + " wait");
    }
  },

  GONE_CLIENTS(
      "B3",
      "200 requests that block, 4 standbys, whose clients leave",
      "all of them run: an outage of 80 s after 2,000 × 10 s with 256 standbys",
      "200; less than 50 have begun",
      Hosts.PER_REQUEST,
      o -> o.getScheduler().setMaxStandbys(4)) {
    @Override
    String play(EdgeServer server) throws Exception {
      server.occupied(200);
      server.leave();
      server.release();
      return server.untilServed() + "; " + server.lessBegun(50);
    }
  },

  WAITED_TOO_LONG(
      "B4",
      "50 requests that block, 4 standbys, time bound of 1 s; 1 more",
      "no answer, no bound",
      "1 × 503",
      Hosts.PER_REQUEST,
      o -> o.getScheduler().setMaxStandbys(4).setMaxWait(Duration.ofSeconds(1))) {
    @Override
    String play(EdgeServer server) throws Exception {
      server.occupied(50);
      return server.all(1, "/fast");
    }
  },

  WAITED_TOO_LONG_IN_SERIAL(
      "B4",
      "serial: 50 requests behind one that blocks, time bound of 1 s",
      "no answer, no bound",
      "50 × 503",
      Hosts.SERIAL,
      o -> o.getScheduler().setMaxWait(Duration.ofSeconds(1))) {
    @Override
    String play(EdgeServer server) throws Exception {
      server.occupied(1);
      return server.all(50, "/fast");
    }
  },

  COLD_BURST(
      "B5",
      "500 requests that block in a burst into a cold server, 4 standbys, 64 may wait",
      "all 2,000 of 2,000 run: an outage of 74 s",
      "less than 80 have begun, the others are refused",
      Hosts.PER_REQUEST,
      o -> o.getScheduler().setMaxStandbys(4).setMaxHeldContinuations(64)) {
    @Override
    String play(EdgeServer server) throws Exception {
      Future<String> answers = server.inBackground(() -> server.all(500, "/hold"));
      server.untilRefused(421); // 79 are left: those that have begun, and what waits
      server.release();
      String seen = answers.get();
      return server.lessBegun(80)
          + (seen.contains(" × 503") ? ", the others are refused" : ", " + seen);
    }
  },

  ROUTE(
      "R1",
      "40 requests of one route block, 8 standbys, time bound of 1 s; 50 of another",
      "not one of the others is answered",
      "less than 8 have begun, the others are refused; 50 × 200",
      Hosts.PER_REQUEST,
      o ->
          o.setMaxAwayPerRoute(0)
              .setStartAhead(false)
              .getScheduler()
              .setMaxStandbys(8)
              .setMaxWait(Duration.ofSeconds(1))) {
    @Override
    String play(EdgeServer server) throws Exception {
      Future<String> blocked = server.inBackground(() -> server.all(40, "/hold"));
      String others = server.whenRefused(33, () -> server.all(50, "/fast"));
      server.release();
      return server.bounded(8, blocked.get()) + "; " + others;
    }
  },

  ROUTE_AHEAD(
      "R1",
      "60 of a route that is started ahead, on virtual threads, three times 8",
      "not one of the others is answered",
      "less than 25 have begun, the others are refused; 50 × 200",
      Hosts.PER_REQUEST,
      o ->
          o.setMaxAwayPerRoute(0)
              .getScheduler()
              .setMaxStandbys(8)
              .setMaxWait(Duration.ofSeconds(1))) {
    @Override
    String play(EdgeServer server) throws Exception {
      try (Wire wire = new Wire(server.port).timeout(60_000)) {
        for (int i = 0; i < 64; i++) {
          wire.get("/hold-1").status();
        }
      }
      server.hold();
      Future<String> blocked = server.inBackground(() -> server.all(60, "/hold-1"));
      String others = server.whenRefused(36, () -> server.all(50, "/fast"));
      server.release();
      return server.bounded(25, blocked.get()) + "; " + others;
    }
  },

  ROUTE_PASSES_ON(
      "R1",
      "60 requests of one route wait 50 ms, or await them, 8 standbys",
      "none",
      "60 × 200, 60 × 200",
      Hosts.TAKEN,
      o -> o.setMaxAwayPerRoute(0).setStartAhead(false).getScheduler().setMaxStandbys(8)) {
    @Override
    String play(EdgeServer server) throws Exception {
      return server.all(60, "/block/50") + ", " + server.all(60, "/await/50");
    }
  },

  ROUTE_STREAMS(
      "R1",
      "the same, in streams of HTTP/2",
      "6 … 8 have begun where 6 may",
      "less than 7 have begun, the others are refused; 50 × 200",
      Hosts.PER_REQUEST,
      o ->
          o.setMaxAwayPerRoute(0)
              .getScheduler()
              .setMaxStandbys(8)
              .setMaxWait(Duration.ofSeconds(1))) {
    @Override
    String play(EdgeServer server) throws Exception {
      Future<String> blocked = server.inBackground(() -> server.allStreams(40, "/hold"));
      String others = server.whenRefused(34, () -> server.all(50, "/fast"));
      server.release();
      return server.bounded(7, blocked.get()) + "; " + others;
    }
  },

  COLD_BURST_STREAMS(
      "B5",
      "the same, in streams of HTTP/2",
      "as above",
      "less than 80 have begun, the others are refused",
      Hosts.PER_REQUEST,
      o -> o.getScheduler().setMaxStandbys(4).setMaxHeldContinuations(64)) {
    @Override
    String play(EdgeServer server) throws Exception {
      Future<String> answers = server.inBackground(() -> server.allStreams(500, "/hold"));
      server.untilRefused(421); // 79 are left: those that have begun, and what waits
      server.release();
      String seen = answers.get();
      return server.lessBegun(80)
          + (seen.contains(" × 503") ? ", the others are refused" : ", " + seen);
    }
  },

  FULL_MAILBOX_STREAMS(
      "B4",
      "serial: 500 streams of HTTP/2 that block, in a burst, 64 may wait",
      "all wait",
      "65 × 200, 435 × 503",
      Hosts.SERIAL,
      o -> o.getScheduler().setMaxHeldContinuations(64)) {
    @Override
    String play(EdgeServer server) throws Exception {
      Future<String> answers = server.inBackground(() -> server.allStreams(500, "/hold"));
      server.untilRefused(435);
      server.release();
      return answers.get();
    }
  },

  STREAMS_WAIT(
      "h2",
      "streams with bodies while awaits use up all of 4 standbys",
      "serial: refused at once",
      "12 × 200; 200, body",
      Hosts.TAKEN,
      o -> o.getScheduler().setMaxStandbys(4)) {
    @Override
    String play(EdgeServer server) throws Exception {
      Future<String> awaiting = server.inBackground(() -> server.all(12, "/await/1000"));
      for (int i = 0; i < 500 && !server.isUsedUp(); i++) {
        TimeUnit.MILLISECONDS.sleep(10);
      }
      String seen;
      try (Wire wire = new Wire(server.port).timeout(20_000).http2()) {
        byte[] body = "body".getBytes(StandardCharsets.US_ASCII);
        wire.send(Wire.http2Post(1, "/echo")).send(Wire.http2Frame(Wire.DATA, 1, 1, body));
        boolean isOk = EdgeServer.isOk(wire.http2Frame(Wire.HEADERS));
        Wire.Frame data = isOk ? wire.http2Frame(Wire.DATA) : null;
        seen =
            data == null ? "refused" : "200, " + StandardCharsets.US_ASCII.decode(data.payload());
      }
      return awaiting.get() + "; " + seen;
    }
  },

  FULL_MAILBOX(
      "B4",
      "serial: 500 requests behind one that blocks, 64 may wait",
      "all wait",
      "64 × 200, 436 × 503",
      Hosts.SERIAL,
      o -> o.getScheduler().setMaxHeldContinuations(64)) {
    @Override
    String play(EdgeServer server) throws Exception {
      server.occupied(1);
      Future<String> seen = server.inBackground(() -> server.all(500, "/fast"));
      server.untilRefused(436);
      server.release();
      return seen.get();
    }
  },

  TWO_LOOPS_ONE_POOL(
      "B7",
      "two loops in one pool, 2 standbys, both block; 8 more requests",
      "one loop's I/O stalls",
      "8 × 503",
      Hosts.PER_REQUEST,
      o ->
          o.setMaxAwayPerRoute(0)
              .getScheduler()
              .setLoops(2)
              .setPinning(false)
              .setMaxStandbys(2)
              .setMaxHeldContinuations(0)) {
    @Override
    String play(EdgeServer server) throws Exception {
      server.occupied(6);
      return server.all(8, "/fast");
    }
  },

  ENDLESS_BODY(
      "B15", "endless body after 413 and 405", "1.1 GB read in 8 s", "ended, ended", Hosts.ALL) {
    @Override
    String play(EdgeServer server) throws Exception {
      return sendFor(server, "/too-large") + ", " + sendFor(server, "/no-post");
    }

    private String sendFor(EdgeServer server, String path) throws Exception {
      byte[] chunk = ("1000\r\n" + "x".repeat(4096) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      long sent = 0;
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(6);
      try (Wire wire = new Wire(server.port)) {
        wire.send("POST " + path + " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        while (System.nanoTime() < end) {
          wire.send(chunk);
          sent += 4096;
        }
        return sent / 1_000_000 + " MB read";
      } catch (IOException closed) {
        return "ended";
      }
    }
  },

  SLOW_HEADS(
      "B16",
      "100 connections that send a head slowly, 100 that send nothing; time-outs of 1 s",
      "never closed",
      "200 closed",
      Hosts.ALL,
      o -> o.setHeadTimeout(Duration.ofSeconds(1)).setIdleTimeout(Duration.ofSeconds(1))) {
    @Override
    String play(EdgeServer server) throws Exception {
      var wires = new ArrayList<Wire>();
      for (int i = 0; i < 200; i++) {
        wires.add(server.open().timeout(6_000).send(i % 2 == 0 ? "" : "GET / HT"));
      }
      int closed = 0;
      for (Wire wire : wires) {
        try {
          closed += wire.ended() ? 1 : 0;
        } catch (IOException open) {
          return closed + " closed"; // the others are not, either
        }
      }
      return closed + " closed";
    }
  },

  STACK_OVERFLOW(
      "B20",
      "handler throws StackOverflowError, OutOfMemoryError, NoClassDefFoundError",
      "never answered",
      "500, 500, 500; 1 × 200",
      Hosts.TAKEN_AND_STOCK) {
    @Override
    String play(EdgeServer server) throws Exception {
      return server.status("/throw/0")
          + ", "
          + server.status("/throw/1")
          + ", "
          + server.status("/throw/2")
          + "; "
          + server.all(1, "/fast");
    }
  },

  STACK_OVERFLOW_IN_ROUTER(
      "B20",
      "the same, and RuntimeException, in a router",
      "never answered",
      "500, 500, 500, 500; 1 × 200",
      Hosts.ALL) {
    @Override
    String play(EdgeServer server) throws Exception {
      return server.status("/router/throw/0")
          + ", "
          + server.status("/router/throw/1")
          + ", "
          + server.status("/router/throw/2")
          + ", "
          + server.status("/router/throw/3")
          + "; "
          + server.all(1, "/fast");
    }
  },

  SHORT_CALLBACKS(
      "C3",
      "serial, 64 callbacks of 100 µs always wait, slice 1 ms, 2 s",
      "367 hogs a second",
      "few", // by CPU time: a busy machine makes some
      Hosts.SERIAL) {
    @Override
    String play(EdgeServer server) throws Exception {
      var stop = new boolean[1];
      Context context = server.context();
      for (int i = 0; i < 64; i++) {
        context.runOnContext(v -> spin(context, stop, 100_000));
      }
      TimeUnit.MILLISECONDS.sleep(500);
      long before = server.hogs();
      TimeUnit.SECONDS.sleep(2);
      long hogs = (server.hogs() - before) / 2;
      context.runOnContext(v -> stop[0] = true);
      return hogs <= 36 ? "few" : hogs + " a second"; // a tenth of before
    }

    private void spin(Context context, boolean[] stop, long nanos) {
      long end = System.nanoTime() + nanos;
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      if (!stop[0]) {
        context.runOnContext(v -> spin(context, stop, nanos));
      }
    }
  },

  INTERRUPT_FLAG(
      "C7",
      "handler ends with Thread.currentThread().interrupt(), next handler sleeps, 20 times",
      "InterruptedException 19 … 20 of 20",
      "20 × 200",
      Hosts.TAKEN_AND_STOCK) {
    @Override
    String play(EdgeServer server) throws Exception {
      try (Wire wire = new Wire(server.port).timeout(5_000)) {
        var seen = new TreeMap<String, Integer>();
        for (int i = 0; i < 20; i++) {
          wire.get("/interrupt").status();
          seen.merge(Integer.toString(wire.get("/block/2").status()), 1, Integer::sum);
        }
        return EdgeServer.text(seen);
      }
    }
  },

  SLOW_PERIODIC(
      "C8",
      "setPeriodic(20) whose handler takes 25 ms; 60 requests, one after the other",
      "4.2, 4.8, 5.8 s, growing",
      "all within 1 s",
      Hosts.ALL) {
    @Override
    String play(EdgeServer server) throws Exception {
      Vertx vertx = server.vertx;
      server
          .context()
          .runOnContext(
              v ->
                  vertx.setPeriodic(
                      20,
                      id -> {
                        try {
                          Thread.sleep(25);
                        } catch (InterruptedException e) {
                          Thread.currentThread().interrupt();
                        }
                      }));
      long worst = 0;
      try (Wire wire = new Wire(server.port).timeout(20_000)) {
        for (int i = 0; i < 60; i++) {
          TimeUnit.MILLISECONDS.sleep(20);
          long start = System.nanoTime();
          wire.get("/fast").status();
          worst = Math.max(worst, System.nanoTime() - start);
        }
      }
      return worst < 1_000_000_000L ? "all within 1 s" : worst / 1_000_000 + " ms";
    }
  },

  SHARED_WORKERS(
      "A17",
      "createSharedWorkerExecutor().executeBlocking from a verticle and from outside",
      "ClassCastException, always",
      "done, done",
      Hosts.ALL) {
    @Override
    String play(EdgeServer server) throws Exception {
      var executor = server.vertx.createSharedWorkerExecutor("pool", 2);
      String outside = executor.executeBlocking(() -> "done").await(5, TimeUnit.SECONDS);
      Promise<String> inside = Promise.promise();
      server.context().runOnContext(v -> executor.executeBlocking(() -> "done").onComplete(inside));
      return inside.future().await(5, TimeUnit.SECONDS) + ", " + outside;
    }
  },

  CLIENT_OUTSIDE(
      "A18",
      "client in main: request().compose(send).compose(body).await(), 300 times",
      "1,999 of 2,000 bodies empty",
      "nearly all whole, 1 loop", // stock loses a few
      Hosts.ALL,
      o -> o.getScheduler().setLoops(2)) {
    @Override
    String play(EdgeServer server) throws Exception {
      var client = server.vertx.createHttpClient();
      int whole = 0;
      Set<Object> loops = new HashSet<>();
      for (int i = 0; i < 300; i++) {
        String body =
            client
                .request(HttpMethod.GET, server.port, "127.0.0.1", "/fast")
                .compose(r -> r.send())
                .compose(r -> r.body())
                .await(10, TimeUnit.SECONDS)
                .toString();
        whole += body.equals("fast") ? 1 : 0;
        loops.add(((ContextInternal) server.vertx.getOrCreateContext()).nettyEventLoop());
      }
      return (whole >= 270 ? "nearly all" : whole) + " whole, " + loops.size() + " loop";
    }
  },

  PROXY_ADDRESS(
      "A20", "PROXY protocol, metrics on", "the proxy's address", "192.168.7.9", Hosts.ALL) {
    @Override
    String play(EdgeServer server) throws Exception {
      try (Wire wire = new Wire(server.proxied()).timeout(5_000)) {
        wire.send("PROXY TCP4 192.168.7.9 10.0.0.1 5000 80\r\n").get("/address");
        return wire.response();
      }
    }
  },

  // The last ones: a loop of stock's may spin for ever after them.

  RECURSION_OUTSIDE(
      "B11",
      "runaway recursion in a thread that calls runOnContext, 40 contexts",
      "2 of 40 contexts never run anything again",
      "40 of 40 go on",
      Hosts.TAKEN_AND_STOCK) {
    @Override
    String play(EdgeServer server) throws Exception {
      List<Context> contexts = contexts(server.vertx, 40);
      for (int i = 0; i < 40; i++) {
        Context context = contexts.get(i);
        var recursing =
            new Thread(
                null,
                () -> {
                  try {
                    recurse(context, 0);
                  } catch (StackOverflowError expected) {
                    // that call failed
                  }
                },
                "recursing",
                256 * 1024 + i * 64);
        recursing.start();
        recursing.join();
      }
      return alive(contexts) + " of 40 go on";
    }
  },

  RECURSION_INSIDE(
      "B11",
      "runaway recursion in a callback that calls runOnContext of 40 others",
      "not tried",
      "40 of 40 go on",
      Hosts.TAKEN_AND_STOCK) {
    @Override
    String play(EdgeServer server) throws Exception {
      List<Context> contexts = contexts(server.vertx, 40);
      for (Context context : contexts) {
        var overflown = new CountDownLatch(1);
        server
            .context()
            .runOnContext(
                v -> {
                  try {
                    recurse(context, 0);
                  } catch (StackOverflowError expected) {
                    overflown.countDown();
                  }
                });
        if (!overflown.await(30, TimeUnit.SECONDS)) {
          return "no overflow";
        }
      }
      return alive(contexts) + " of 40 go on";
    }
  };

  /** Which hosts a row is played on. */
  private static final class Hosts {
    static final Set<Host> ALL = EnumSet.allOf(Host.class);
    static final Set<Host> TAKEN = EnumSet.of(Host.SERIAL, Host.PER_REQUEST);
    static final Set<Host> TAKEN_AND_STOCK = EnumSet.of(Host.STOCK, Host.SERIAL, Host.PER_REQUEST);
    static final Set<Host> SERIAL = EnumSet.of(Host.SERIAL);
    static final Set<Host> PER_REQUEST = EnumSet.of(Host.PER_REQUEST);
  }

  final String number;
  final String what;
  final String before;

  @SuppressWarnings("ImmutableEnumChecker") // nobody changes it
  final Set<Host> hosts;

  private final String right;

  @SuppressWarnings("ImmutableEnumChecker")
  private final Consumer<BatonOptions> setup;

  EdgeRow(String number, String what, String before, String right, Set<Host> hosts) {
    this(number, what, before, right, hosts, options -> {});
  }

  EdgeRow(
      String number,
      String what,
      String before,
      String right,
      Set<Host> hosts,
      Consumer<BatonOptions> setup) {
    this.number = number;
    this.what = what;
    this.before = before;
    this.right = right;
    this.hosts = hosts;
    this.setup = setup;
  }

  final String play(Host host) throws Exception {
    try (EdgeServer server = new EdgeServer(host, setup)) {
      return play(server);
    }
  }

  abstract String play(EdgeServer server) throws Exception;

  String right() {
    return right;
  }

  private static List<Context> contexts(Vertx vertx, int count) throws Exception {
    var contexts = new ArrayList<Context>();
    for (int i = 0; i < count; i++) {
      vertx
          .deployVerticle(
              () ->
                  new VerticleBase() {
                    @Override
                    public io.vertx.core.Future<?> start() {
                      contexts.add(context);
                      return io.vertx.core.Future.succeededFuture();
                    }
                  },
              new DeploymentOptions())
          .await(20, TimeUnit.SECONDS);
    }
    return contexts;
  }

  @SuppressWarnings("InfiniteRecursion") // it is to overflow its stack
  private static void recurse(Context context, int depth) {
    context.runOnContext(v -> {});
    recurse(context, depth + 1);
  }

  /** How many of them still run what they are given. */
  private static long alive(List<Context> contexts) throws InterruptedException {
    var ran = new ConcurrentLinkedQueue<Context>();
    var all = new CountDownLatch(contexts.size());
    for (Context context : contexts) {
      context.runOnContext(
          v -> {
            ran.add(context);
            all.countDown();
          });
    }
    boolean _ = all.await(20, TimeUnit.SECONDS);
    return ran.size();
  }

  private static String number(int number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}
