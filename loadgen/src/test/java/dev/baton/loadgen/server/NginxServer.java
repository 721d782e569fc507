package dev.baton.loadgen.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Debian's nginx with one worker, started for a test. */
public final class NginxServer implements AutoCloseable {
  private static final Path NGINX = Path.of("/usr/sbin/nginx");

  private final Process process;
  private final int port;

  private NginxServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts it; the test is skipped where there is none.
   *
   * @param directory for its files
   * @param http what stands in its {@code http} block, with {@code PORT} for a free port and {@code
   *     DIR} for the directory
   */
  public static NginxServer start(Path directory, String http) {
    assumeTrue(Files.isExecutable(NGINX), NGINX + " is not installed");
    try {
      int port = freePort();
      var file =
          Files.writeString(
              directory.resolve("nginx.conf"),
              """
              daemon off; worker_processes 1; pid DIR/nginx.pid; error_log DIR/error.log;
              events { worker_connections 1000; }
              http {
                access_log off; keepalive_requests 1000000; default_type text/plain;
                client_body_temp_path DIR/body; proxy_temp_path DIR/proxy;
                fastcgi_temp_path DIR/fastcgi; uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
                %s
              }
              """
                  .formatted(http)
                  .replace("DIR", directory.toString())
                  .replace("PORT", Integer.toString(port)));
      var process =
          new ProcessBuilder(NGINX.toString(), "-c", file.toString(), "-p", directory.toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("nginx.out").toFile())
              .start();
      awaitListening(process, port, directory);
      return new NginxServer(process, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitListening(Process process, int port, Path directory) throws IOException {
    while (process.isAlive()) {
      try (var socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
        return;
      } catch (IOException e) {
        pause();
      }
    }
    throw new IllegalStateException(
        "nginx ended: " + Files.readString(directory.resolve("nginx.out")));
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The port that {@code PORT} stands for. */
  public int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
