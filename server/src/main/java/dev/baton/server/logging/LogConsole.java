package dev.baton.server.logging;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.LoggerFactory;

/**
 * The log of a server that is started from the command line: to the standard error, and the access
 * log to the standard output. Needs Logback. Applications configure what they log with themselves.
 */
public final class LogConsole implements AutoCloseable {
  /** How a line looks. */
  public enum Format {
    /** For people. */
    PLAIN,
    /** One JSON object a line. */
    JSON
  }

  /** Where the configuration of Logback's own is, if somebody prefers that. */
  private static final String OWN_CONFIGURATION = "logback.configurationFile";

  /** Lines that wait for a standard output that is slow, before more are dropped. */
  private static final int ACCESS_LINES = 8192;

  // What comes from outside ends no line and moves no cursor: control characters of a message are
  // replaced, and lines within an exception's message are set off from those of the log.
  private static final String PLAIN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level"
          + "%replace( [%X]){' \\[\\]', ''} %logger{0}: %replace(%msg){'\\p{Cntrl}', '?'}%n"
          + "%replace(%replace(%ex){'[\\p{Cntrl}&&[^\\n\\t]]', '?'})"
          + "{'(\\n)(?!\\t|Caused by: |\\Z)', '$1    | '}";

  private final LoggerContext context;
  private final CountingAppender access;

  private LogConsole(LoggerContext context, CountingAppender access) {
    this.context = context;
    this.access = access;
  }

  /**
   * Begins to log.
   *
   * @param levels by logger; of {@code ROOT} it is {@code info} if none is given
   * @throws IllegalArgumentException for a level that there is not
   */
  public static LogConsole open(Format format, Map<String, String> levels) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    CountingAppender access = new CountingAppender();
    if (System.getProperty(OWN_CONFIGURATION) == null) {
      context.reset();
      Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
      root.setLevel(Level.INFO);
      root.addAppender(console(context, "System.err", format == Format.JSON ? json() : plain()));
      access.setContext(context);
      access.setQueueSize(ACCESS_LINES);
      access.setDiscardingThreshold(0);
      access.setNeverBlock(true);
      access.addAppender(console(context, "System.out", pattern("%msg%n")));
      access.start();
      Logger logger = context.getLogger(AccessLog.NAME);
      logger.setAdditive(false);
      logger.addAppender(access);
    }
    LogLevels setter = new LogbackLevels();
    levels.forEach(setter::set);
    return new LogConsole(context, access);
  }

  /** The level of that name. */
  public static String checkLevel(String text) {
    return LogbackLevels.parse(text).toString();
  }

  private static ConsoleAppender<ILoggingEvent> console(
      LoggerContext context, String target, Encoder<ILoggingEvent> encoder) {
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    encoder.setContext(context);
    encoder.start();
    console.setContext(context);
    console.setTarget(target);
    console.setEncoder(encoder);
    console.start();
    return console;
  }

  private static PatternLayoutEncoder pattern(String pattern) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setPattern(pattern);
    return encoder;
  }

  static Encoder<ILoggingEvent> plain() {
    return pattern(PLAIN);
  }

  static Encoder<ILoggingEvent> json() {
    JsonEncoder encoder = new JsonEncoder();
    encoder.setWithSequenceNumber(false);
    encoder.setWithNanoseconds(false);
    encoder.setWithContext(false);
    encoder.setWithMessage(false); // as it was before its arguments were put in
    encoder.setWithArguments(false);
    encoder.setWithFormattedMessage(true);
    return encoder;
  }

  /** Writes what still waits; the log ends. */
  @Override
  public void close() {
    long dropped = access.dropped.sum();
    if (dropped > 0) {
      System.getLogger(LogConsole.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "{0} lines of the access log were dropped: the standard output was too slow",
              dropped);
    }
    context.stop();
  }

  /** Counts what does not fit. */
  private static final class CountingAppender extends AsyncAppender {
    private final LongAdder dropped = new LongAdder();

    @Override
    protected void append(ILoggingEvent event) {
      if (getRemainingCapacity() == 0) { // of a queue that others fill too: about right
        dropped.increment();
      }
      super.append(event);
    }
  }
}
