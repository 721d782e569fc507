package dev.baton.server.torture;

import dev.baton.server.torture.Exchange.Outcome;
import dev.baton.server.torture.Exchange.Verdict;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One simulated client: opens a connection, sends pipelines and checks what comes back in order,
 * closes it or breaks it off, and opens the next one. One virtual thread reads and checks, another
 * writes, so that neither side can block the other for good.
 */
final class Client implements Runnable {
  private static final int MAX_PIPELINE_BYTES = 1 << 20;
  private static final int CONNECT_TIMEOUT_MILLIS = 10_000;

  private final int number;
  private final Torture.Options options;
  private final List<Kind> mix;
  private final Tally tally;
  private final SplittableRandom random;
  private final long deadlineNanos;
  private int requests;

  // Written by the reading thread, read by the watchdog
  private volatile @Nullable Waiting waiting;

  Client(int number, Torture.Options options, List<Kind> mix, Tally tally, long deadlineNanos) {
    this.number = number;
    this.options = options;
    this.mix = mix;
    this.tally = tally;
    this.deadlineNanos = deadlineNanos;
    // Each client has its own sequence, which does not depend on how the others run.
    this.random = new SplittableRandom(options.seed() * 1_000_003 + number);
  }

  @Override
  public void run() {
    while (mayGoOn()) {
      try (var socket = new Socket()) {
        if (random.nextInt(4) == 0) {
          socket.setReceiveBufferSize(65_536);
        }
        socket.setTcpNoDelay(true);
        socket.connect(
            new InetSocketAddress(options.host(), options.port()), CONNECT_TIMEOUT_MILLIS);
        useConnection(socket);
      } catch (IOException refused) {
        tally.failedToConnect(number, refused);
        LockSupport.parkNanos(100_000_000);
      }
    }
  }

  private boolean mayGoOn() {
    return deadlineNanos - System.nanoTime() > 0 && tally.sent() < options.maxRequests();
  }

  /** Reports and breaks off what has waited for longer than {@code hangNanos}. */
  void breakOffIfHanging(long hangNanos) {
    Waiting wait = waiting;
    if (wait != null && System.nanoTime() - wait.sinceNanos > hangNanos) {
      waiting = null;
      tally.hung(number, wait.exchange, wait.behind, wait.in.count.get(), hangNanos);
      end(wait.socket, Ending.CLOSE_WHILE_READING);
    }
  }

  private void useConnection(Socket socket) throws IOException {
    var metered = new MeteredInputStream(socket.getInputStream());
    var in = new BufferedInputStream(metered, 16_384);
    int pipelines = random.nextInt(1, 9);
    boolean usable = true;
    for (int i = 1; usable && i <= pipelines && mayGoOn(); i++) {
      List<Exchange> pipeline = pipeline(i == pipelines);
      tally.sends(pipeline.size());
      byte[] bytes = concatenate(pipeline);
      Ending ending = Ending.NONE;
      if (random.nextInt(100) < options.abortPercent()) {
        ending = Ending.values()[random.nextInt(1, Ending.values().length)];
      }
      metered.slow = random.nextInt(8) == 0;
      metered.limit =
          ending.whileReading ? metered.count.get() + random.nextInt(100_000) : Long.MAX_VALUE;
      int toWrite =
          ending == Ending.NONE || ending.whileReading
              ? bytes.length
              : random.nextInt(bytes.length);
      boolean dribble = random.nextInt(4) == 0;
      SplittableRandom writerRandom = random.split();
      Ending afterWriting = ending.whileReading ? Ending.NONE : ending;
      Thread writer =
          Thread.ofVirtual()
              .name("torture-writer-" + number)
              .start(() -> write(socket, bytes, toWrite, afterWriting, dribble, writerRandom));
      usable = readAndCheck(socket, in, metered, pipeline, ending);
      if (!usable) {
        end(socket, ending.whileReading ? ending : Ending.CLOSE_WHILE_READING);
      }
      join(writer);
    }
    if (usable && in.available() > 0) {
      tally.unasked(number, in.available());
    }
  }

  /** Up to {@code maxPipeline} requests of about 1 MiB in all. */
  private List<Exchange> pipeline(boolean last) {
    var pipeline = new ArrayList<Exchange>();
    int left = random.nextInt(3) == 0 ? 1 : random.nextInt(1, options.maxPipeline() + 1);
    for (int bytes = 0; left > 0 && bytes < MAX_PIPELINE_BYTES; left--) {
      Kind kind = mix.get(random.nextInt(mix.size()));
      boolean closing = last && left == 1 && random.nextBoolean();
      String id = "%x-%d-%d".formatted(options.seed(), number, ++requests);
      Exchange exchange = kind.create(new Kind.Draft(kind, id, closing, random.split()));
      pipeline.add(exchange);
      bytes += exchange.bytes().length;
    }
    return pipeline;
  }

  private static byte[] concatenate(List<Exchange> pipeline) {
    var bytes = new ByteArrayOutputStream();
    pipeline.forEach(exchange -> bytes.writeBytes(exchange.bytes()));
    return bytes.toByteArray();
  }

  /** Returns whether the connection can be used on. */
  private boolean readAndCheck(
      Socket socket,
      InputStream in,
      MeteredInputStream metered,
      List<Exchange> pipeline,
      Ending ending) {
    int checked = 0;
    Outcome rest = ending == Ending.NONE ? Outcome.LOST : Outcome.ABORTED;
    String reason = "";
    try {
      for (Exchange exchange : pipeline) {
        int behind = pipeline.size() - checked - 1;
        waiting = new Waiting(socket, exchange, behind, metered, System.nanoTime());
        Response response = Response.read(in);
        Verdict verdict = exchange.check(response);
        if (options.mayLackFiles() && exchange.hasNoFile(response)) {
          verdict = new Verdict(Outcome.NO_FILE, "");
        }
        tally.add(exchange, verdict.outcome(), number, verdict.reason());
        checked++;
        if (exchange.closing() && in.read() >= 0) {
          tally.unasked(number, in.available() + 1);
        }
      }
    } catch (ProtocolException garbage) {
      reason = String.valueOf(garbage.getMessage());
      tally.add(pipeline.get(checked++), Outcome.WRONG, number, reason);
    } catch (IOException ended) {
      reason = ended.toString();
    } finally {
      waiting = null;
    }
    tally.addRest(pipeline.subList(checked, pipeline.size()), rest, number, reason);
    return reason.isEmpty() && ending == Ending.NONE && !pipeline.getLast().closing();
  }

  private static void write(
      Socket socket,
      byte[] bytes,
      int length,
      Ending ending,
      boolean dribble,
      SplittableRandom random) {
    try {
      OutputStream out = socket.getOutputStream();
      int most = dribble ? Math.max(1, 2 * length / random.nextInt(2, 40)) : length;
      for (int from = 0; from < length; ) {
        int size = dribble ? Math.min(length - from, random.nextInt(most) + 1) : length;
        out.write(bytes, from, size);
        from += size;
        if (dribble) {
          LockSupport.parkNanos(random.nextInt(3_000_000));
        }
      }
      end(socket, ending);
    } catch (IOException broken) {
      // The reader sees the same, and knows whether it was to be expected.
    }
  }

  private static void end(Socket socket, Ending ending) {
    try {
      switch (ending) {
        case NONE -> {}
        case HALF_CLOSE_WHILE_WRITING -> socket.shutdownOutput();
        case CLOSE_WHILE_WRITING, CLOSE_WHILE_READING -> socket.close();
        case RESET_WHILE_WRITING, RESET_WHILE_READING -> {
          socket.setSoLinger(true, 0);
          socket.close();
        }
      }
    } catch (IOException alreadyClosed) {
      // as wanted
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** How a client leaves in the middle. */
  private enum Ending {
    NONE(false),
    CLOSE_WHILE_WRITING(false),
    RESET_WHILE_WRITING(false),
    HALF_CLOSE_WHILE_WRITING(false),
    CLOSE_WHILE_READING(true),
    RESET_WHILE_READING(true);

    final boolean whileReading;

    Ending(boolean whileReading) {
      this.whileReading = whileReading;
    }
  }

  private record Waiting(
      Socket socket, Exchange exchange, int behind, MeteredInputStream in, long sinceNanos) {}

  /** Counts, dawdles if asked to, and ends at a limit. Reading thread only, but for the count. */
  private static final class MeteredInputStream extends FilterInputStream {
    final AtomicLong count = new AtomicLong();
    long limit = Long.MAX_VALUE;
    boolean slow;

    MeteredInputStream(InputStream in) {
      super(in);
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("buffered above");
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (count.get() >= limit) {
        throw new IOException("broken off by the client");
      }
      if (slow) {
        LockSupport.parkNanos(500_000);
      }
      int read = super.read(bytes, offset, length);
      count.addAndGet(Math.max(read, 0));
      return read;
    }
  }
}
