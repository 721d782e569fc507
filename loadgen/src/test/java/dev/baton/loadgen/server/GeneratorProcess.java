package dev.baton.loadgen.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command line of the load generator in a process of its own, which may be disturbed. */
public final class GeneratorProcess implements AutoCloseable {
  private final Process process;
  private final Path output;

  private GeneratorProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Starts it; the prefix is a command that runs another one, as in {@code taskset -c 0}. */
  public static GeneratorProcess start(List<String> prefix, String... arguments)
      throws IOException {
    var line = new ArrayList<>(prefix);
    line.add(ProcessHandle.current().info().command().orElse("java"));
    line.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    line.addAll(List.of("-cp", System.getProperty("java.class.path")));
    line.add("dev.baton.loadgen.cli.LoadGeneratorCommand");
    line.addAll(List.of(arguments));
    var output = Files.createTempFile("loadgen", ".out");
    output.toFile().deleteOnExit();
    return new GeneratorProcess(
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(output.toFile()).start(),
        output);
  }

  /** Sends it a signal by its name, as in {@code STOP}. */
  public void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  /** Waits until it has written the given text. */
  public void awaitOutput(String text) throws IOException, InterruptedException {
    while (!output().contains(text)) {
      if (!process.isAlive()) {
        throw new IllegalStateException("ended without '" + text + "': " + output());
      }
      Thread.sleep(10);
    }
  }

  /** Waits for its end and returns its exit code. */
  public int await() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("did not end within a minute");
    }
    return process.exitValue();
  }

  /** What it has written so far. */
  public String output() throws IOException {
    return Files.readString(output);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
