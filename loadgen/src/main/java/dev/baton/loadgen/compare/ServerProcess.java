package dev.baton.loadgen.compare;

import dev.baton.loadgen.values.Origin;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A server started, pinned, measured through /proc and stopped by the comparison. */
public final class ServerProcess implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(ServerProcess.class.getName());

  private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
  private static final double TICKS_PER_SECOND = 100; // USER_HZ, the same on all Linux

  private final Process process;
  private final Path log;

  // Who stops the comparison does not want its servers to stay.
  private final Thread atExit = new Thread(this::destroy, "loadgen-server-stop");

  private ServerProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Starts a shell command and waits until the port of the URL accepts connections.
   *
   * @param cpus a CPU list as taskset takes it, or null for no pinning
   * @throws IllegalArgumentException if the command ends or does not listen in time; the message
   *     holds the end of its output
   */
  public static ServerProcess start(String command, @Nullable String cpus, URI url) {
    if (listening(url)) {
      throw new IllegalArgumentException(
          "server '" + command + "': something else already listens on " + url);
    }
    var line = new ArrayList<String>();
    if (cpus != null) {
      // Not in the real-time class that the generator may be in.
      line.addAll(List.of("taskset", "-c", cpus, "chrt", "--other", "0"));
    }
    line.addAll(List.of("sh", "-c", "exec " + command));
    try {
      var log = Files.createTempFile("baton-loadgen-server", ".log");
      var process =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .start();
      var server = new ServerProcess(process, log);
      server.awaitListening(command, url);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException("server '" + command + "' cannot be started", e);
    }
  }

  /** Pins all threads of this process to the given CPUs. */
  public static void pinSelf(String cpus) {
    try {
      var pinned =
          new ProcessBuilder(
                  "taskset", "-a", "-p", "-c", cpus, Long.toString(ProcessHandle.current().pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (pinned != 0) {
        throw new IllegalArgumentException(
            "--cpus-load " + cpus + ": taskset refused; see lscpu for the CPUs there are");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("taskset cannot be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitListening(String command, URI url) throws IOException {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    while (!listening(url)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        String output = Files.readString(log);
        String why = process.isAlive() ? "does not listen on " + url : "ended";
        close();
        throw new IllegalArgumentException(
            "server '"
                + command
                + "' "
                + why
                + "; its output ends with:\n"
                + output.substring(Math.max(0, output.length() - 1_000)));
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static boolean listening(URI url) {
    var origin = Origin.of(url);
    try {
      for (var address : InetAddress.getAllByName(origin.host())) {
        if (listening(new InetSocketAddress(address, origin.port()))) {
          return true;
        }
      }
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("url '" + url + "': unknown host " + origin.host(), e);
    }
    return false;
  }

  private static boolean listening(InetSocketAddress address) {
    try (var socket = new Socket()) {
      socket.connect(address, 500);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Readings since the start of the server and its children, without responses. */
  public ServerCost cost() {
    var sum = ServerCost.NONE;
    try (var all = Stream.concat(Stream.of(process.toHandle()), process.descendants())) {
      for (var one : all.toList()) {
        sum = sum.plus(costOf(one.pid()));
      }
    }
    return sum;
  }

  private static ServerCost costOf(long pid) {
    var proc = Path.of("/proc", Long.toString(pid));
    try {
      String stat = Files.readString(proc.resolve("stat"));
      // proc(5): the command in parentheses may hold anything; utime and stime are 14 and 15.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      double cpu = (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
      long rss = 1_024 * field(proc.resolve("status"), "VmRSS:");
      var threads = new HashMap<Long, ServerCost.Switches>();
      try (var tasks = Files.newDirectoryStream(proc.resolve("task"))) {
        for (var task : tasks) {
          addSwitches(task, threads);
        }
      }
      return new ServerCost(cpu, 0, rss, Map.copyOf(threads));
    } catch (IOException | NumberFormatException e) {
      return ServerCost.NONE; // it ended meanwhile, or there is no /proc
    }
  }

  private static void addSwitches(Path task, Map<Long, ServerCost.Switches> threads) {
    var status = task.resolve("status");
    try {
      threads.put(
          Long.parseLong(task.getFileName().toString()),
          new ServerCost.Switches(
              field(status, "voluntary_ctxt_switches:"),
              field(status, "nonvoluntary_ctxt_switches:")));
    } catch (IOException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "{0} ended meanwhile", task);
    }
  }

  private static long field(Path status, String name) throws IOException {
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  private void destroy() {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }

  @Override
  public void close() {
    destroy();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      return; // this process ends already
    }
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      Files.deleteIfExists(log);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      log.toFile().deleteOnExit();
    }
  }
}
