package dev.baton.grafana;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that a test started, with what it printed. */
final class Child implements AutoCloseable {
  private static final int START_SECONDS = 300;

  /** A line of the log of {@code serve}, for people. */
  private static final Pattern LOGGED =
      Pattern.compile("\\S+ +(WARN|ERROR|INFO) +(?:\\[[^]]*] )?\\w+: (.*)");

  private final Process process;
  private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> seen = new ArrayList<>();

  private Child(List<String> command) throws IOException {
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    Thread.ofPlatform().daemon().name("output of " + command.getFirst()).start(this::read);
  }

  static Child start(List<String> command) throws IOException {
    return new Child(command);
  }

  /** A main class of the test's class path, on the JDK that runs the test. */
  static Child java(String mainClass, List<String> arguments) throws IOException {
    return java(List.of(), mainClass, arguments);
  }

  /** The same as the last arguments of {@code launcher}, a command that ends in running another. */
  static Child java(List<String> launcher, String mainClass, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(launcher);
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            mainClass));
    command.addAll(arguments);
    return new Child(command);
  }

  private void read() {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      reader.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException closed) {
      lines.add("output closed: " + closed);
    }
  }

  /**
   * Waits for a line.
   *
   * @throws IllegalStateException if it does not come within five minutes; the message has all
   *     others
   */
  Matcher awaitLine(String regex) throws InterruptedException {
    Pattern pattern = Pattern.compile(regex);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (System.nanoTime() < deadline && (process.isAlive() || !lines.isEmpty())) {
      String line = lines.poll(200, TimeUnit.MILLISECONDS);
      if (line != null) {
        seen.add(line);
        Matcher matcher = pattern.matcher(line);
        if (matcher.find()) {
          return matcher;
        }
      }
    }
    throw new IllegalStateException(
        "no line like '" + regex + "' within " + START_SECONDS + " s, but: " + seen);
  }

  /**
   * The first line of its log so far that matches {@code wanted}, without the time; without such a
   * line, all of them.
   */
  String logged(Pattern wanted) {
    lines.drainTo(seen);
    List<String> all = new ArrayList<>();
    for (String line : seen) {
      Matcher parts = LOGGED.matcher(line);
      if (parts.matches()) {
        String told = parts.group(1) + " " + parts.group(2);
        if (wanted.matcher(told).find()) {
          return told;
        }
        all.add(told);
      }
    }
    return String.join(" ", all);
  }

  /** Asks it to end, as a deployment does. */
  void terminate() {
    process.toHandle().destroy(); // the process would close what its log is read from
  }

  /** Waits for its end. */
  int awaitExit(int seconds) throws InterruptedException {
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      throw new IllegalStateException("still running after " + seconds + " s: " + seen);
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
