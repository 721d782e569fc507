package dev.baton.server.events;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** A client's end of a connection: bytes as they are, no library between. One thread at a time. */
final class Wire implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;
  private static final byte[] HTTP2_PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;

  private Socket socket;
  private final Socket raw;
  private DataInputStream in;
  private OutputStream out;

  Wire(int port) throws IOException {
    this(new Socket());
    connect(port, "");
  }

  private Wire(Socket raw) {
    this.raw = raw;
    socket = raw;
    in = new DataInputStream(InputStream.nullInputStream());
    out = OutputStream.nullOutputStream();
  }

  /** One that is bound to an address of this machine, and has a port, but is not connected yet. */
  static Wire bind(String address) throws IOException {
    var wire = new Wire(new Socket());
    wire.raw.bind(new InetSocketAddress(address, 0));
    return wire;
  }

  /** Its own address and port, as the server sees them. */
  String local() {
    return raw.getLocalAddress().getHostAddress() + ":" + raw.getLocalPort();
  }

  /**
   * Connects.
   *
   * @param protocol over TLS, as ALPN names it; empty for none
   */
  void connect(int port, String protocol) throws IOException {
    raw.setTcpNoDelay(true);
    raw.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
    raw.setSoTimeout(TIMEOUT_MILLIS);
    if (!protocol.isEmpty()) {
      var secure = (SSLSocket) TrustAll.FACTORY.createSocket(raw, "localhost", port, true);
      SSLParameters parameters = secure.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {protocol});
      secure.setSSLParameters(parameters);
      socket = secure;
    }
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    out = socket.getOutputStream();
  }

  Wire timeout(int millis) throws IOException {
    socket.setSoTimeout(millis);
    return this;
  }

  Wire send(String text) throws IOException {
    return send(ascii(text));
  }

  Wire send(byte[] bytes) throws IOException {
    out.write(bytes);
    return this;
  }

  Wire get(String path) throws IOException {
    return send(request(path));
  }

  static String request(String path) {
    return "GET " + path + " HTTP/1.1\r\nhost: x\r\n\r\n";
  }

  /** The head of a response, all lines of it; its first line is the status. */
  String head() throws IOException {
    var text = new StringBuilder();
    while (text.length() < 4 || !text.substring(text.length() - 4).equals("\r\n\r\n")) {
      text.append((char) in.readUnsignedByte());
    }
    return text.toString();
  }

  /** The status of the next response, of which nothing is left unread if it has a length. */
  int status() throws IOException {
    String head = head();
    int at = head.toLowerCase(Locale.ROOT).indexOf("content-length: ");
    if (at >= 0) {
      text(Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at))));
    }
    return Integer.parseInt(head.substring(9, 12));
  }

  /** The body of the next response, which carries a content-length. */
  String response() throws IOException {
    String head = head().toLowerCase(Locale.ROOT);
    int at = head.indexOf("content-length: ");
    if (at < 0) {
      throw new IOException("no content-length: " + head);
    }
    int length = Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)));
    return text(length);
  }

  /** The body of the next response, whatever it is framed by. */
  String anyResponse() throws IOException {
    String head = head().toLowerCase(Locale.ROOT);
    int at = head.indexOf("content-length: ");
    if (at >= 0) {
      return text(Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at))));
    }
    var body = new StringBuilder();
    if (head.contains("transfer-encoding: chunked")) {
      for (int size = -1; size != 0; ) {
        size = Integer.parseInt(line(), 16);
        body.append(text(size));
        text(2);
      }
    }
    return body.toString();
  }

  /** A line, without its end. */
  String line() throws IOException {
    var text = new StringBuilder();
    for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
      if (c != '\r') {
        text.append((char) c);
      }
    }
    return text.toString();
  }

  String text(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("got " + bytes.length + " of " + length + " bytes");
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Whether the peer has ended the connection; waits for it. */
  boolean ended() throws IOException {
    return in.read() < 0;
  }

  void halfClose() throws IOException {
    raw.shutdownOutput();
  }

  void reset() throws IOException {
    raw.setSoLinger(true, 0);
    raw.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  // ---- WebSocket ----

  Wire upgrade(String path) throws IOException {
    send(
        "GET "
            + path
            + " HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            + "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return this;
  }

  /** A masked frame with a mask of zeros, shorter than 126 bytes. */
  static byte[] frame(int opcode, byte[] payload) {
    return ByteBuffer.allocate(6 + payload.length)
        .put((byte) (0x80 | opcode))
        .put((byte) (0x80 | payload.length))
        .putInt(0)
        .put(payload)
        .array();
  }

  static byte[] textFrame(String text) {
    return frame(1, ascii(text));
  }

  /** The next frame of a server, shorter than 126 bytes. */
  String readFrame() throws IOException {
    int opcode = in.readUnsignedByte() & 0xf;
    String payload = text(in.readUnsignedByte());
    if (opcode == 8) {
      return "close " + (payload.length() < 2 ? 0 : payload.charAt(0) << 8 | payload.charAt(1));
    }
    return (opcode == 1 ? "text " : opcode == 2 ? "binary " : opcode + " ") + payload;
  }

  static byte[] join(byte[]... parts) {
    var bytes = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      bytes.writeBytes(part);
    }
    return bytes.toByteArray();
  }

  static byte[] closeFrame() {
    return frame(8, new byte[] {3, (byte) 0xe8});
  }

  // ---- HTTP/2, with prior knowledge ----

  /**
   * @param settings pairs of identifier and value
   */
  Wire http2(int... settings) throws IOException {
    ByteBuffer payload = ByteBuffer.allocate(settings.length / 2 * 6);
    for (int i = 0; i < settings.length; i += 2) {
      payload.putShort((short) settings[i]).putInt(settings[i + 1]);
    }
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(HTTP2_PREFACE);
    bytes.writeBytes(http2Frame(SETTINGS, 0, 0, payload.array()));
    bytes.writeBytes(http2Frame(SETTINGS, 1, 0, new byte[0]));
    return send(bytes.toByteArray());
  }

  /** A GET in header fields that need no table, with END_STREAM. */
  static byte[] http2Get(int stream, String path) {
    return http2Request(stream, path, (byte) 0x82, 0x5);
  }

  /** The HEADERS of a POST; its body is still to come. */
  static byte[] http2Post(int stream, String path) {
    return http2Request(stream, path, (byte) 0x83, 0x4);
  }

  private static byte[] http2Request(int stream, String path, byte method, int flags) {
    byte[] name = ascii(path);
    ByteBuffer block = ByteBuffer.allocate(64 + name.length);
    block.put(method).put((byte) 0x86);
    block.put((byte) 0x04).put((byte) name.length).put(name);
    block.put((byte) 0x01).put((byte) 1).put((byte) 'x');
    byte[] payload = Arrays.copyOf(block.array(), block.position());
    return http2Frame(HEADERS, flags, stream, payload);
  }

  static byte[] http2Frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .put((byte) (payload.length >> 16))
        .putShort((short) payload.length)
        .put((byte) type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  Frame http2Frame() throws IOException {
    int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int stream = in.readInt();
    byte[] payload = new byte[length];
    in.readFully(payload);
    return new Frame(type, flags, stream, ByteBuffer.wrap(payload));
  }

  /** Reads and drops frames until one of {@code type} comes. */
  Frame http2Frame(int type) throws IOException {
    while (true) {
      Frame frame = http2Frame();
      if (frame.type == type) {
        return frame;
      }
    }
  }

  record Frame(int type, int flags, int stream, ByteBuffer payload) {}

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Takes any certificate. */
  private static final class TrustAll implements X509TrustManager {
    static final SSLSocketFactory FACTORY = factory();

    private static SSLSocketFactory factory() {
      try {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustAll()}, null);
        return context.getSocketFactory();
      } catch (GeneralSecurityException impossible) {
        throw new AssertionError(impossible);
      }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
