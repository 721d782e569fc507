package dev.baton.server.management;

import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the watch logs, for the length of a test. */
final class LogLines extends Handler implements AutoCloseable {
  private final Logger logger = Logger.getLogger(Watch.class.getName());
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();

  LogLines() {
    logger.addHandler(this);
  }

  @Override
  public void publish(LogRecord logged) {
    records.add(logged);
  }

  private static String text(LogRecord logged) {
    return logged.getParameters() == null
        ? logged.getMessage()
        : MessageFormat.format(logged.getMessage(), logged.getParameters());
  }

  /** Whether one line contains all of these. */
  boolean has(String... parts) {
    return records.stream()
        .map(LogLines::text)
        .anyMatch(t -> Stream.of(parts).allMatch(t::contains));
  }

  long count(String part) {
    return records.stream().map(LogLines::text).filter(t -> t.contains(part)).count();
  }

  /** The stacks that came with the lines. */
  List<String> stacks() {
    return records.stream()
        .filter(r -> r.getThrown() != null)
        .map(
            r ->
                Stream.of(r.getThrown().getStackTrace())
                    .map(StackTraceElement::toString)
                    .collect(Collectors.joining("\n")))
        .toList();
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
