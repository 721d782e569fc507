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
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx512m",
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
   * Lines so far that begin with {@code start}, the first that also matches {@code wanted}; else
   * the first of all; else nothing.
   */
  String seen(String start, String wanted) {
    lines.drainTo(seen);
    Pattern begins = Pattern.compile("^(" + start + "|INFO: )");
    List<String> all = seen.stream().filter(line -> begins.matcher(line).find()).toList();
    Pattern pattern = Pattern.compile(wanted);
    return all.stream()
        .filter(line -> !wanted.isEmpty() && pattern.matcher(line).find())
        .findFirst()
        .orElse(wanted.isEmpty() ? "" : String.join(" ", all));
  }

  /** Asks it to end, as a deployment does. */
  void terminate() {
    process.destroy();
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
