package dev.baton.loadgen.client;

import dev.baton.loadgen.Protocol;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * Answers every request of one HTTP version with "ok", one thread for each connection. What it is
 * made of is not what the client is made of. Its certificate is nobody's.
 */
final class RehearsalServer implements AutoCloseable {
  private static final byte[] HTTP1 =
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII);
  private static final int END_OF_HEAD = 0x0d0a0d0a;

  // RFC 9113, 3.4 and 6.
  private static final int PREFACE_BYTES = 24;
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int SETTINGS = 4;
  private static final int WINDOW_UPDATE = 8;
  private static final int ACK_OR_END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final byte[] WIDE = {0x3f, (byte) 0xff, 0, 0};

  /** {@code :status 200} by its index in the static table (RFC 7541, appendix A). */
  private static final byte[] STATUS_200 = {(byte) 0x88};

  private final ServerSocket server;
  private final Protocol protocol;

  RehearsalServer(Protocol protocol, boolean secure) throws IOException {
    this.protocol = protocol;
    var address = InetAddress.getLoopbackAddress();
    this.server =
        secure
            ? tls().getServerSocketFactory().createServerSocket(0, 100, address)
            : new ServerSocket(0, 100, address);
    Thread.ofPlatform().daemon().name("rehearsal").start(this::accept);
  }

  private static SSLContext tls() throws IOException {
    char[] password = "rehearsal".toCharArray();
    try (var in = RehearsalServer.class.getResourceAsStream("rehearsal.p12")) {
      var store = KeyStore.getInstance("PKCS12");
      store.load(in, password);
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password);
      var context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS for the rehearsal", e);
    }
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      if (socket instanceof SSLSocket tls && protocol == Protocol.HTTP2) {
        var parameters = tls.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        tls.setSSLParameters(parameters);
      }
      var in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
      var out = new BufferedOutputStream(socket.getOutputStream());
      if (protocol == Protocol.HTTP2) {
        http2(in, out);
      } else {
        http1(in, out);
      }
    } catch (IOException e) {
      Thread.currentThread().interrupt(); // the client went away
    }
  }

  private static void http1(DataInputStream in, OutputStream out) throws IOException {
    int last = 0;
    for (int b = in.read(); b >= 0; b = in.read()) {
      last = last << 8 | b;
      if (last == END_OF_HEAD) {
        out.write(HTTP1);
        flush(in, out);
      }
    }
  }

  private static void http2(DataInputStream in, OutputStream out) throws IOException {
    in.skipNBytes(PREFACE_BYTES);
    frame(out, SETTINGS, 0, 0, new byte[0]);
    frame(out, WINDOW_UPDATE, 0, 0, WIDE);
    out.flush();
    try {
      while (true) {
        int lengthAndType = in.readInt();
        int flags = in.readByte();
        int stream = in.readInt();
        in.skipNBytes(lengthAndType >>> 8);
        int type = lengthAndType & 0xff;
        boolean flagged = (flags & ACK_OR_END_STREAM) != 0;
        if (type == SETTINGS && !flagged) {
          frame(out, SETTINGS, ACK_OR_END_STREAM, 0, new byte[0]);
        } else if ((type == HEADERS || type == DATA) && flagged) {
          frame(out, HEADERS, END_HEADERS, stream, STATUS_200);
          frame(out, DATA, ACK_OR_END_STREAM, stream, new byte[] {'o', 'k'});
        }
        flush(in, out);
      }
    } catch (EOFException e) {
      out.flush(); // the client is done
    }
  }

  private static void frame(OutputStream out, int type, int flags, int stream, byte[] payload)
      throws IOException {
    out.write(new byte[] {0, 0, (byte) payload.length, (byte) type, (byte) flags});
    out.write(new byte[] {(byte) (stream >> 24), (byte) (stream >> 16), (byte) (stream >> 8)});
    out.write(stream);
    out.write(payload);
  }

  /** Nothing is written before all is read that has come. */
  private static void flush(DataInputStream in, OutputStream out) throws IOException {
    if (in.available() == 0) {
      out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
