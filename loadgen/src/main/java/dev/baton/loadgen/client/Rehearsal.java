package dev.baton.loadgen.client;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.export.Interval;
import dev.baton.loadgen.record.Recorder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Loads a small server inside this process, so that the code of the generator is compiled and the
 * long-lived objects are out of the young generation before the first measured request.
 *
 * <p>The server shares no code with the client, whose compiled code would suffer from it. Someone
 * reads the intervals meanwhile, as in a run: the first such read sends the recording down a branch
 * not taken before, and the JVM would throw away the compiled code of most of the generator.
 */
public final class Rehearsal {
  private static final byte[] RESPONSE =
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"
          .getBytes(StandardCharsets.US_ASCII);

  /** Closed loop, so that the code is found hot. */
  private static final Duration PROFILE = Duration.ofSeconds(1);

  /** Open loop at a rate that leaves the compiler room, repeated until it has little to do. */
  private static final Duration STEP = Duration.ofMillis(500);

  /** Often enough for several reads, of both kinds of turns, in every step. */
  private static final Duration READ_INTERVALS = Duration.ofMillis(50);

  private static final double QUIET_SHARE = 0.05;
  private static final Duration LONGEST = Duration.ofSeconds(8);

  private Rehearsal() {}

  /**
   * Runs for some seconds on the calling thread, until the JVM's compiler has little left to do.
   *
   * @throws UncheckedIOException if no server can be opened on the loopback
   */
  public static void run() {
    var compiler = ManagementFactory.getCompilationMXBean();
    try (var selector = Selector.open();
        var server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      server.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
      var thread = Thread.ofPlatform().daemon().name("rehearsal").start(() -> serve(selector));
      var options =
          new LoadOptions()
              .addRequest(RequestSpec.get("http://127.0.0.1:" + server.socket().getLocalPort()))
              .setConnections(32)
              .setRate(10_000)
              .setWarmup(STEP)
              .setDrain(Duration.ofMillis(10));
      var closed = new LoadOptions(options).setClosedLoop(true).setDuration(PROFILE);
      rehearse(closed);
      var open = new LoadOptions(options).setWarmup(STEP.dividedBy(2)).setDuration(STEP);
      long end = System.nanoTime() + LONGEST.toNanos();
      long compiled;
      do {
        compiled = compiler.getTotalCompilationTime();
        rehearse(open);
      } while (compiler.getTotalCompilationTime() - compiled > QUIET_SHARE * STEP.toMillis()
          && System.nanoTime() < end);
      thread.interrupt();
      thread.join();
    } catch (IOException e) {
      throw new UncheckedIOException("the rehearsal needs a loopback socket", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    System.gc();
  }

  /**
   * Runs as {@link #run()} does, and then in the HTTP version, and with TLS, as the load does.
   *
   * @throws UncheckedIOException if no server can be opened on the loopback
   */
  public static void run(LoadOptions load) {
    run();
    boolean secure = load.allRequests().stream().anyMatch(r -> r.origin().secure());
    if (load.getProtocol() == Protocol.HTTP1 && !secure) {
      return;
    }
    try (var server = new RehearsalServer(load.getProtocol(), secure)) {
      var request =
          RequestSpec.get((secure ? "https" : "http") + "://127.0.0.1:" + server.port() + "/");
      var like =
          new LoadOptions()
              .addRequest(request)
              .setProtocol(load.getProtocol())
              .setInsecure(true)
              .setConnections(16)
              .setWarmup(Duration.ZERO)
              .setDrain(Duration.ofMillis(10))
              .setUnreachableAllowed(true);
      if (load.getProtocol() == Protocol.HTTP2) {
        like.addRequest(request.withMethod("POST").withBody("rehearsal").withName("body"));
      }
      rehearse(new LoadOptions(like).setClosedLoop(true).setDuration(PROFILE));
      rehearse(new LoadOptions(like).setRate(5_000).setDuration(STEP));
    } catch (IOException e) {
      throw new UncheckedIOException("the rehearsal needs a loopback socket", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    System.gc();
  }

  private static void rehearse(LoadOptions options) throws InterruptedException {
    var generator = LoadGenerator.create(options);
    var reader = Thread.ofPlatform().daemon().start(() -> readIntervals(generator.recorder()));
    var _ = generator.run();
    reader.interrupt();
    reader.join();
  }

  private static void readIntervals(Recorder recorder) {
    var interval = Interval.NONE;
    try {
      while (true) {
        Thread.sleep(READ_INTERVALS);
        interval = interval.next(recorder.intervalResponses(), recorder.intervalLateness());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void serve(Selector selector) {
    var in = ByteBuffer.allocateDirect(4_096);
    var out = ByteBuffer.allocateDirect(RESPONSE.length).put(RESPONSE).flip();
    try {
      while (!Thread.currentThread().isInterrupted()) {
        selector.select(key -> answer(selector, key, in, out));
      }
      for (var key : selector.keys()) {
        key.channel().close();
      }
    } catch (IOException | RuntimeException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Answers every read with one response: requests are short and come one at a time. */
  private static void answer(Selector selector, SelectionKey key, ByteBuffer in, ByteBuffer out) {
    try {
      if (key.channel() instanceof ServerSocketChannel server) {
        var accepted = server.accept();
        if (accepted != null) {
          accepted.configureBlocking(false).register(selector, SelectionKey.OP_READ);
        }
      } else if (key.channel() instanceof SocketChannel socket) {
        if (socket.read(in.clear()) < 0) {
          socket.close();
        } else {
          socket.write(out.rewind());
        }
      }
    } catch (IOException e) {
      key.cancel();
    }
  }
}
