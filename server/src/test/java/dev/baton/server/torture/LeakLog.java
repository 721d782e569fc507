package dev.baton.server.torture;

import dev.baton.server.logging.LogCapture;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Collects what Netty's leak detector reports while this log is open, at its paranoid level: every
 * pooled buffer that was garbage collected before it was released. One at a time in a JVM.
 *
 * <p>Stock Vert.x 5.2.0 leaks too: a connection that ends while requests of its pipeline wait drops
 * their buffers without a release ({@code VertxConnection.pending}). So after a run in which
 * clients left in the middle, ask for {@link #ours()}; after any other, {@link #reports()} must be
 * empty.
 */
public final class LeakLog implements AutoCloseable {
  private final LogCapture log = LogCapture.of(ResourceLeakDetector.class.getName());
  private final ResourceLeakDetector.Level levelBefore = ResourceLeakDetector.getLevel();

  private LeakLog() {}

  /** Opens the log and sets the detector to its paranoid level until {@link #close()}. */
  public static LeakLog open() {
    var log = new LeakLog();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    return log;
  }

  /** All leaks so far; collects garbage to find them, which takes half a second. */
  public List<String> reports() {
    for (int i = 0; i < 5; i++) {
      System.gc();
      sleep();
      // The detector looks for what was collected whenever it starts to track another buffer.
      ByteBufAllocator.DEFAULT.directBuffer(64).release();
    }
    return log.messages().stream().filter(message -> message.contains("LEAK")).toList();
  }

  /**
   * The leaks whose buffers Baton's own code has touched. What an event loop runs has Baton's
   * frames at the bottom of its stack; those do not count, only the ones that Netty or Vert.x
   * called.
   */
  public List<String> ours() {
    return reports().stream().filter(LeakLog::touchedByUs).toList();
  }

  private static boolean touchedByUs(String report) {
    boolean below = false;
    for (String line : report.lines().toList().reversed()) {
      String frame = line.strip();
      boolean ourFrame =
          frame.startsWith("dev.baton.") || frame.startsWith("io.vertx.core.impl.Baton");
      if (frame.startsWith("#") || frame.startsWith("Created at")) {
        below = false;
      } else if (ourFrame && below) {
        return true;
      } else if (frame.startsWith("io.vertx.") || frame.startsWith("io.netty.channel.")) {
        below |= !ourFrame;
      }
    }
    return false;
  }

  private static void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(100);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    log.close();
    ResourceLeakDetector.setLevel(levelBefore);
  }
}
