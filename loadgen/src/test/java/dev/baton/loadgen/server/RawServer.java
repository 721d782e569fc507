package dev.baton.loadgen.server;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server that writes whatever bytes a test wants, one thread for each connection. */
public final class RawServer implements AutoCloseable {
  private final ServerSocket server;
  private final Handler handler;
  private final AtomicInteger connections = new AtomicInteger();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /** What to do with a connection, counted from 0. It is closed when this returns. */
  @FunctionalInterface
  public interface Handler {
    void handle(int connection, InputStream in, OutputStream out) throws Exception;
  }

  private RawServer(InetAddress address, Handler handler) throws IOException {
    this.server = new ServerSocket(0, 1_000, address);
    this.handler = handler;
    Thread.ofVirtual().start(this::accept);
  }

  /** Starts one on a free port of 127.0.0.1. */
  public static RawServer start(Handler handler) {
    return start("127.0.0.1", handler);
  }

  /** Starts one on a free port of an address. */
  public static RawServer start(String address, Handler handler) {
    try {
      return new RawServer(InetAddress.getByName(address), handler);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() {
    try {
      while (true) {
        var socket = server.accept();
        open.add(socket);
        int number = connections.getAndIncrement();
        Thread.ofVirtual().start(() -> serve(number, socket));
      }
    } catch (IOException e) {
      open.forEach(RawServer::close); // it was closed
    }
  }

  private void serve(int number, Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      handler.handle(
          number, new BufferedInputStream(socket.getInputStream()), socket.getOutputStream());
    } catch (Exception e) {
      close(socket); // the client went away, which is no concern of the server
    } finally {
      open.remove(socket);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads a request with its body and returns its head; null at the end of the connection. */
  public static @Nullable String request(InputStream in) throws IOException {
    var head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      head.write(b);
    }
    String text = head.toString(StandardCharsets.UTF_8);
    for (String line : text.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        in.skipNBytes(Long.parseLong(line.substring("content-length:".length()).trim()));
      }
    }
    return text;
  }

  /** Writes text and flushes it. */
  public static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** The port. */
  public int port() {
    return server.getLocalPort();
  }

  /** The URL of a path. */
  public String url(String path) {
    return "http://127.0.0.1:" + port() + path;
  }

  /** Connections so far. */
  public int connections() {
    return connections.get();
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
