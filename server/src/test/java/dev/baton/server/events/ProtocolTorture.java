package dev.baton.server.events;

import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.SelfSigned;
import io.netty.pkitesting.X509Bundle;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.KeyCertOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Tortures a verticle over every protocol while its callbacks fall asleep, in TLS handshakes and in
 * Netty's handlers, too; some clients leave in the middle. What is echoed has to be right to the
 * byte, and no callback may run beside another one of its context.
 */
@Command(
    name = "protocol-torture",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Checks every byte that is echoed over each protocol, under load made to hurt.")
public final class ProtocolTorture implements Runnable {
  @Option(names = "--host", description = "${COMPLETION-CANDIDATES}, default ${DEFAULT-VALUE}")
  private Host host = Host.SERIAL;

  @Option(names = "--seconds", description = "default ${DEFAULT-VALUE}")
  private int seconds = 60;

  @Option(names = "--connections", description = "default ${DEFAULT-VALUE}")
  private int connections = 48;

  @Option(names = "--loops", description = "default ${DEFAULT-VALUE}")
  private int loops = 1;

  @Option(names = "--seed", description = "repeats a run's actions; default: a random one")
  private long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

  @Option(names = "--abort-percent", description = "default ${DEFAULT-VALUE}")
  private int abortPercent = 10;

  @Option(names = "--hang-after", description = "seconds, default ${DEFAULT-VALUE}")
  private int hangAfterSeconds = 30;

  private boolean clean;

  /** Tortures from a shell; exits with 1 unless all is well. */
  public static void main(String[] args) {
    var torture = new ProtocolTorture();
    int code = new CommandLine(torture).execute(args);
    System.exit(code != 0 ? code : torture.clean ? 0 : 1);
  }

  static Result run(Host host, int seconds, int hangAfterSeconds) {
    var torture = new ProtocolTorture();
    torture.host = host;
    torture.seconds = seconds;
    torture.connections = 8;
    torture.hangAfterSeconds = hangAfterSeconds;
    return torture.torture();
  }

  @Override
  public void run() {
    Result result = torture();
    clean = result.clean();
    System.out.println(result);
  }

  /**
   * What came of a run.
   *
   * @param ok echoes that were right
   * @param details what went wrong, a line each
   * @param overlaps callbacks beside another one of their context
   * @param strangers callbacks that were not on their context
   * @param takeovers of the loops, from callbacks that slept
   */
  record Result(
      long seed,
      long ok,
      long left,
      long callbacks,
      long overlaps,
      long strangers,
      long takeovers,
      List<String> details) {
    boolean clean() {
      return ok > 0 && overlaps == 0 && strangers == 0 && details.isEmpty();
    }
  }

  private Result torture() {
    var options = new BatonOptions();
    // As many takeovers as can be had: no grace, and slices that most handlers outrun.
    options.getScheduler().setGrace(Duration.ZERO).setSlice(Duration.ofNanos(20_000));
    Vertx vertx = host.vertx(new VertxOptions().setEventLoopPoolSize(loops), options);
    var app = new TorturedApp(KeyCertOptions.wrap(new SleepingKeys()), host == Host.PER_REQUEST);
    vertx.deployVerticle(app).await();
    var ok = new AtomicLong();
    var left = new AtomicLong();
    List<String> details = new ArrayList<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    List<Thread> clients =
        IntStream.range(0, connections)
            .mapToObj(
                number ->
                    Thread.ofVirtual()
                        .start(
                            () -> {
                              var random = new SplittableRandom(seed * 1_000_003 + number);
                              for (int i = 0; deadline - System.nanoTime() > 0; i++) {
                                var client = new Client(random.split(), app);
                                String wrong = client.play();
                                ok.addAndGet(client.ok);
                                left.addAndGet(client.leaves ? 1 : 0);
                                if (wrong != null) {
                                  synchronized (details) {
                                    details.add("client " + number + ", " + i + ": " + wrong);
                                  }
                                }
                              }
                            }))
            .toList();
    try {
      for (Thread client : clients) {
        client.join();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    long takeovers =
        host == Host.STOCK ? 0 : Baton.scheduler(vertx).enclave().takeovers(TakeoverCause.BLOCKED);
    vertx.close().await();
    return new Result(
        seed,
        ok.get(),
        left.get(),
        app.callbacks.get(),
        app.overlaps.get(),
        app.strangers.get(),
        takeovers,
        details.subList(0, Math.min(20, details.size())));
  }

  private enum Protocol {
    HTTP_1(4, false),
    HTTP_1_TLS(2, true),
    WEB_SOCKET(3, false),
    CONNECT(3, false),
    HTTP_2(3, false),
    HTTP_2_TLS(1, true);

    final int weight;
    final boolean tls;

    Protocol(int weight, boolean tls) {
      this.weight = weight;
      this.tls = tls;
    }

    static Protocol of(SplittableRandom random) {
      int at = random.nextInt(Arrays.stream(values()).mapToInt(p -> p.weight).sum());
      for (Protocol protocol : values()) {
        at -= protocol.weight;
        if (at < 0) {
          return protocol;
        }
      }
      throw new AssertionError();
    }
  }

  /** One connection, from its beginning to its end. */
  private final class Client {
    private final SplittableRandom random;
    private final TorturedApp app;
    final boolean leaves;
    long ok;

    Client(SplittableRandom random, TorturedApp app) {
      this.random = random;
      this.app = app;
      leaves = random.nextInt(100) < abortPercent;
    }

    /** Returns what is wrong, or null. */
    @Nullable String play() {
      Protocol protocol = Protocol.of(random);
      try (Wire wire = Wire.bind("127.0.0.1")) {
        String alpn = protocol == Protocol.HTTP_2_TLS ? "h2" : protocol.tls ? "http/1.1" : "";
        wire.connect(app.port(protocol.tls), alpn);
        wire.timeout(hangAfterSeconds * 1_000);
        String wrong =
            switch (protocol) {
              case HTTP_1, HTTP_1_TLS -> http1(wire);
              case WEB_SOCKET -> webSocket(wire);
              case CONNECT -> connect(wire);
              case HTTP_2, HTTP_2_TLS -> http2(wire);
            };
        return wrong == null ? null : protocol + ": " + wrong;
      } catch (IOException failure) {
        return protocol + " lost: " + failure;
      }
    }

    /** Whether the client leaves now, and has. */
    private boolean leave(Wire wire) throws IOException {
      if (!leaves || random.nextInt(3) > 0) {
        return false;
      }
      if (random.nextBoolean()) {
        wire.reset();
      } else {
        wire.close();
      }
      return true;
    }

    private @Nullable String http1(Wire wire) throws IOException {
      for (int rounds = random.nextInt(1, 5); rounds > 0; rounds--) {
        var bodies = new ArrayList<String>();
        var bytes = new ByteArrayOutputStream();
        for (int size = random.nextInt(1, 9); size > 0; size--) {
          String body = text(random.nextInt(8) == 0 ? 60_000 : 300);
          bodies.add(body);
          bytes.writeBytes(
              ascii(
                  "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body));
        }
        Thread writer = write(wire, bytes.toByteArray());
        for (String body : bodies) {
          if (leave(wire)) {
            return null;
          }
          String seen = wire.anyResponse();
          if (!seen.equals(body)) {
            return differs(body, seen);
          }
          ok++;
        }
        join(writer);
      }
      return null;
    }

    private @Nullable String webSocket(Wire wire) throws IOException {
      wire.upgrade("/").head();
      for (int rounds = random.nextInt(1, 6); rounds > 0; rounds--) {
        int messages = random.nextInt(1, 20);
        var texts = new ArrayList<String>();
        var bytes = new ByteArrayOutputStream();
        for (int i = 0; i < messages; i++) {
          String text = text(100);
          texts.add(text);
          bytes.writeBytes(Wire.textFrame(text));
        }
        wire.send(bytes.toByteArray());
        for (String text : texts) {
          if (leave(wire)) {
            return null;
          }
          String seen = wire.readFrame();
          if (!seen.equals("text " + text)) {
            return differs("text " + text, seen);
          }
          ok++;
        }
      }
      wire.send(Wire.closeFrame());
      String closed = wire.readFrame();
      return closed.startsWith("close") && wire.ended() ? null : "no close: " + closed;
    }

    private @Nullable String connect(Wire wire) throws IOException {
      wire.send("CONNECT /socket HTTP/1.1\r\nhost: x\r\n\r\n").head();
      for (int rounds = random.nextInt(1, 9); rounds > 0; rounds--) {
        String text = text(random.nextInt(8) == 0 ? 60_000 : 300);
        Thread writer = write(wire, ascii(text));
        if (leave(wire)) {
          return null;
        }
        String seen = wire.text(text.length());
        if (!seen.equals(text)) {
          return differs(text, seen);
        }
        ok++;
        join(writer);
      }
      return null;
    }

    private @Nullable String http2(Wire wire) throws IOException {
      // A large window, so that no update is needed.
      wire.http2(4, 1 << 24).send(Wire.http2Frame(8, 0, 0, new byte[] {0x10, 0, 0, 0}));
      int stream = 1;
      for (int rounds = random.nextInt(1, 5); rounds > 0; rounds--) {
        int streams = random.nextInt(1, 12);
        String[] bodies = new String[streams];
        StringBuilder[] seen = new StringBuilder[streams];
        var bytes = new ByteArrayOutputStream();
        for (int i = 0; i < streams; i++) {
          bodies[i] = text(1_000);
          seen[i] = new StringBuilder();
          bytes.writeBytes(Wire.http2Post(stream + 2 * i, "/"));
          int cut = random.nextInt(bodies[i].length() + 1);
          byte[] first = ascii(bodies[i].substring(0, cut));
          byte[] second = ascii(bodies[i].substring(cut));
          bytes.writeBytes(Wire.http2Frame(Wire.DATA, 0, stream + 2 * i, first));
          bytes.writeBytes(Wire.http2Frame(Wire.DATA, 1, stream + 2 * i, second));
        }
        wire.send(bytes.toByteArray());
        for (int ended = 0; ended < streams; ) {
          if (leave(wire)) {
            return null;
          }
          Wire.Frame frame = wire.http2Frame();
          if (frame.type() == Wire.RST_STREAM) {
            return "reset: stream " + frame.stream();
          }
          if (frame.type() == Wire.DATA || frame.type() == Wire.HEADERS) {
            int at = (frame.stream() - stream) / 2;
            if (at < 0 || at >= streams) {
              return "crossed: stream " + frame.stream();
            }
            if (frame.type() == Wire.DATA) {
              byte[] payload = frame.payload().array();
              seen[at].append(new String(payload, StandardCharsets.ISO_8859_1));
            }
            ended += frame.flags() & 1;
          }
        }
        for (int i = 0; i < streams; i++) {
          if (!bodies[i].contentEquals(seen[i])) {
            return differs(bodies[i], seen[i].toString());
          }
          ok++;
        }
        stream += 2 * streams;
      }
      return null;
    }

    /** In pieces, on a thread of its own, so that neither side blocks the other for good. */
    private Thread write(Wire wire, byte[] bytes) {
      int pieces = random.nextInt(1, 5);
      return Thread.ofVirtual()
          .start(
              () -> {
                try {
                  for (int i = 0; i < pieces; i++) {
                    int from = bytes.length * i / pieces;
                    wire.send(Arrays.copyOfRange(bytes, from, bytes.length * (i + 1) / pieces));
                    if (i + 1 < pieces) {
                      LockSupport.parkNanos(200_000);
                    }
                  }
                } catch (IOException broken) {
                  // The reader sees the same.
                }
              });
    }

    private static void join(Thread thread) {
      try {
        thread.join();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private String text(int most) {
      var text = new StringBuilder();
      for (int left = random.nextInt(1, most); left > 0; left--) {
        text.append((char) ('!' + random.nextInt(90)));
      }
      return text.toString();
    }

    private static String differs(String expected, String seen) {
      int at = Arrays.mismatch(ascii(expected), ascii(seen));
      return "%d bytes of %d, differs from byte %d on"
          .formatted(seen.length(), expected.length(), at);
    }

    private static byte[] ascii(String text) {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  /** Falls asleep in every fourth handshake. */
  private static final class SleepingKeys extends X509ExtendedKeyManager {
    private final X509Bundle bundle = SelfSigned.BUNDLE;

    @Override
    public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
      if (ThreadLocalRandom.current().nextInt(4) == 0) {
        LockSupport.parkNanos(3_000_000);
      }
      return "key";
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return bundle.getCertificatePath();
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return bundle.getKeyPair().getPrivate();
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
      return new String[] {"key"};
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
      return "key";
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
      return new String[0];
    }

    @Override
    public @Nullable String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
      return null;
    }
  }
}
