package dev.baton.server.management;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import dev.baton.server.logging.LogCapture;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the watch logs, for the length of a test. */
final class LogLines implements AutoCloseable {
  private final LogCapture log = LogCapture.of(Watch.class.getName());

  /** Whether one line contains all of these. */
  boolean has(String... parts) {
    return log.messages().stream().anyMatch(t -> Stream.of(parts).allMatch(t::contains));
  }

  /** Waits for a line that contains all of these. */
  void await(String... parts) throws InterruptedException {
    try {
      Watched.until("a line has " + List.of(parts), () -> has(parts));
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + ", but: " + log.messages(), e);
    }
  }

  long count(String part) {
    return log.messages().stream().filter(t -> t.contains(part)).count();
  }

  /** The stacks that came with the lines. */
  List<String> stacks() {
    return log.events().stream()
        .map(ILoggingEvent::getThrowableProxy)
        .filter(thrown -> thrown != null)
        .map(
            thrown ->
                Stream.of(thrown.getStackTraceElementProxyArray())
                    .map(StackTraceElementProxy::getStackTraceElement)
                    .map(StackTraceElement::toString)
                    .collect(Collectors.joining("\n")))
        .toList();
  }

  @Override
  public void close() {
    log.close();
  }
}
